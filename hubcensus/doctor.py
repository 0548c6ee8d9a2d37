"""What `doctor` looks at: one small function a subject, none of which raises."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hubcensus.settings import Settings
from landing.errors import HubCensusError
from landing.zone import Zone

PACKAGES = ("hubcensus", "duckdb", "huggingface_hub", "requests", "sqlalchemy", "pandas", "matplotlib")
OPTIONAL = {
    "torch": "probe",
    "safetensors": "probe",
    "transformers": "probe",
    "scikit-learn": "probe",
    "picklescan": "scan",
    "fickling": "scan",
    "ipykernel": "notebooks",
}
SECRETS = ("HF_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")
LOW_DISK = 2 << 30

Subject = Callable[[Settings], Iterator["Item"]]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing looked at."""

    what: str
    ok: bool
    finding: str

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def examine(settings: Settings, *, online: bool) -> list[Item]:
    """Look at everything."""
    subjects: list[Callable[[Settings], Iterator[Item]]] = [
        _python,
        _git,
        _home,
        _landing,
        _warehouse,
        _ledger,
        _environment,
        _sandbox,
    ]
    if online:
        subjects.append(_hub)
    items: list[Item] = []
    for subject in subjects:
        try:
            items += subject(settings)
        except (HubCensusError, OSError) as error:
            items.append(Item(subject.__name__.strip("_"), False, str(error)))
    return items


def _python(settings: Settings) -> Iterator[Item]:
    good = sys.version_info >= (3, 11)
    yield Item("python", good, sys.version.split()[0] + ("" if good else "; 3.11 or newer is needed"))
    for name in PACKAGES:
        yield Item(name, _version(name) is not None, _version(name) or "not installed")
    for name, extra in OPTIONAL.items():
        yield Item(name, True, _version(name) or f"not installed (extra: {extra})")


def _git(settings: Settings) -> Iterator[Item]:
    """What 'downstream' needs of this machine."""
    where = shutil.which("git")
    yield Item("git", True, where or "not installed; only 'downstream fetch --by clone' needs it")
    yield Item("GitHub token", True, "set" if settings.github_token else "not set; 'downstream' needs GITHUB_TOKEN")


def _sandbox(settings: Settings) -> Iterator[Item]:
    """What a child process that reads an untrusted checkpoint is kept from."""
    from probe.sandbox import protections

    for one in protections():
        yield Item(f"probe: {one.name}", True, f"{'guarded' if one.given else 'NOT guarded here'} ({one.detail})")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _home(settings: Settings) -> Iterator[Item]:
    there = settings.home
    while not there.exists():
        there = there.absolute().parent
    writable = there.is_dir() and os.access(there, os.W_OK)
    yield Item("home", writable, f"{settings.home.absolute()}" + ("" if writable else " cannot be written to"))
    free = shutil.disk_usage(there).free
    yield Item("disk", free > LOW_DISK, f"{free / 1e9:.1f} GB free")


def _landing(settings: Settings) -> Iterator[Item]:
    runs = Zone(settings.landing).runs()
    cut = [run.run_id for run in runs if not run.finished]
    yield Item("landing zone", True, f"{len(runs) - len(cut)} finished run(s), {len(cut)} to be resumed")


def _warehouse(settings: Settings) -> Iterator[Item]:
    from warehouse.database import open_reader

    if not settings.warehouse.exists():
        yield Item("warehouse", True, "none yet; 'hubcensus load' makes it")
        return
    connection = open_reader(settings.warehouse)
    try:
        loaded = {row[0] for row in connection.execute("SELECT run_id FROM raw.run").fetchall()}
    finally:
        connection.close()
    behind = [run.run_id for run in Zone(settings.landing).finished() if run.run_id not in loaded]
    note = f"{len(loaded)} run(s) loaded" + (f", {len(behind)} waiting for 'hubcensus load'" if behind else "")
    yield Item("warehouse", True, note)


def _ledger(settings: Settings) -> Iterator[Item]:
    from hubcensus.ledger import Ledger

    if not settings.ledger_url and not settings.ledger.exists():
        yield Item("ledger", True, "none yet; 'hubcensus schedule add' makes it")
        return
    yield Item("ledger", True, f"{len(Ledger(settings.ledger, settings.ledger_url).schedules())} schedule(s)")


def _environment(settings: Settings) -> Iterator[Item]:
    names = [name for name in os.environ if name.startswith("HUBCENSUS_") or name in ("HF_ENDPOINT", "NO_COLOR")]
    shown = [f"{name}={os.environ[name]}" for name in sorted(names) if "URL" not in name]
    secret = [f"{name} is set" for name in SECRETS if os.environ.get(name)]
    yield Item("environment", True, "; ".join(shown + secret) or "nothing set")


def _hub(settings: Settings) -> Iterator[Item]:
    import requests

    url = f"{settings.hf_endpoint.rstrip('/')}/api/models?limit=1"
    try:
        answer = requests.get(url, timeout=10, headers={"User-Agent": "hubcensus doctor"})
        yield Item("hub", answer.ok, f"{settings.hf_endpoint} answers {answer.status_code}")
    except requests.RequestException as error:
        yield Item("hub", False, f"{settings.hf_endpoint} cannot be reached ({type(error).__name__})")
