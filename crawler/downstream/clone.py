"""A partial clone of just the files that matter, at one commit; Git is run, nothing of the repository is.

There is never a working tree: a commit is fetched without blobs, its tree is listed, the wanted blobs are fetched
in one request and read out of the object store. So no hook, filter, attribute, submodule, link or path of the
repository ever takes effect. Git itself is given no configuration but ours, may only speak HTTP(S), checks every
object, and is stopped when it takes too long or fills more disk than a repository may.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from crawler.downstream.archives import Contents, Limits, chosen
from landing import OperationalError, TransientError, UsageError
from landing.errors import StorageError, storage

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=false",
    "core.attributesFile=/dev/null",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "http.followRedirects=false",
    "transfer.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.unpackLimit=1",
)
_GONE = (
    "not found",
    "does not exist",
    "could not read username",
    "authentication failed",
    "error: 404",
    "error: 451",
)


class GoneError(OperationalError):
    """The repository cannot be cloned: it is not there, or not for us."""


def read_clone(
    url: str, commit: str, limits: Limits, *, token: str | None = None, seconds: float = 600.0
) -> Contents:
    """The wanted files of a repository at a commit.

    Raises :class:`GoneError` where there is no such repository, :class:`TransientError` where Git fails for another
    reason, :class:`UsageError` where there is no Git.
    """
    if shutil.which("git") is None:
        raise UsageError("Cloning needs Git on the PATH; install it, or leave out --by clone.")
    with storage(Path(tempfile.gettempdir()), "write to"), tempfile.TemporaryDirectory(prefix="hubcensus-") as folder:
        git = _Git(Path(folder), url, limits.packed, time.monotonic() + seconds, token)
        git.run("init", "--quiet", "--bare", "--template=", ".")
        git.run("config", "remote.origin.url", url)
        git.run("config", "remote.origin.promisor", "true")
        git.run("config", "remote.origin.partialCloneFilter", "blob:none")
        git.run("config", "extensions.partialClone", "origin")
        git.fetch("--depth=1", "--filter=blob:none", commit)
        return _read(git, commit, limits)


def _read(git: _Git, commit: str, limits: Limits) -> Contents:
    contents = Contents()
    blobs: dict[str, str] = {}
    for count, (mode, kind, oid, path) in enumerate(_listed(git, commit), 1):
        if count > limits.entries:
            contents.refuse("archive-crowd", f"has more than {limits.entries:,} entries")
            return contents
        if mode == "120000":
            contents.left_out["link"] += 1
        elif kind == "commit":
            contents.left_out["submodule"] += 1
        else:
            blobs[path] = oid
    paths = chosen(blobs)
    if len(paths) > limits.files:
        contents.left_out["too many files"] = len(paths) - limits.files
    paths = paths[: limits.files]
    oids = list(dict.fromkeys(blobs[path] for path in paths))
    for start in range(0, len(oids), 1000):
        git.fetch("--filter=blob:none", "--stdin", said="\n".join(oids[start : start + 1000]))
    with git.blobs(oids) as bodies:
        held = dict(_within(bodies, limits))
    for path in paths:
        data = held.get(blobs[path])
        if data is None:
            contents.left_out["too long"] += 1
        else:
            contents.keep(path, lambda _most, data=data: data, limits)  # type: ignore[misc]
    return contents


def _listed(git: _Git, commit: str) -> Iterator[tuple[str, str, str, str]]:
    for entry in git.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        about, tab, path = entry.partition(b"\t")
        if tab:
            mode, kind, oid = about.decode().split()[:3]
            yield mode, kind, oid, path.decode("utf-8", "replace")


def _within(bodies: Iterable[tuple[str, bytes | None]], limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Bodies until they are too much."""
    size = 0
    for oid, data in bodies:
        if data is not None and size + len(data) <= limits.kept:
            size += len(data)
            yield oid, data


class _Git:
    """Git in a bare repository of ours, bounded in time and space."""

    def __init__(self, folder: Path, url: str, most: int, end: float, token: str | None) -> None:
        self.folder, self.most, self.end = folder, most, end
        parts = urlsplit(url)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        settings = [*_SETTINGS, *(["protocol.http.allow=always"] if loopback else [])]
        if token:
            # By the environment: what stands in arguments can be read by everybody on the machine.
            word = base64.b64encode(f"x-access-token:{token}".encode()).decode()
            settings.append(f"http.{parts.scheme}://{parts.netloc}/.extraHeader=Authorization: Basic {word}")
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_DIR": str(folder),
            "GIT_CONFIG_COUNT": str(len(settings)),
            **{name: os.environ[name] for name in ("https_proxy", "HTTPS_PROXY", "no_proxy") if name in os.environ},
        }
        for number, setting in enumerate(settings):
            # A header's name holds the address, whose dots belong to the key: the value begins at the first "=".
            key, _, value = setting.partition("=")
            self.environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}

    def fetch(self, *words: str, said: str = "") -> None:
        """Fetch objects."""
        plain = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance")
        options = [word for word in words if word.startswith("--")]
        self.run("fetch", *plain, *options, "origin", *(word for word in words if word not in options), said=said)

    def run(self, *words: str, said: str = "") -> bytes:
        """Run Git and return what it prints."""
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            tempfile.TemporaryFile() as asked,
        ):
            asked.write(said.encode())
            asked.seek(0)
            process = subprocess.Popen(
                ["git", *words], cwd=self.folder, env=self.environment, stdin=asked, stdout=out, stderr=err
            )
            self._watch(process)
            out.seek(0)
            if process.returncode:
                err.seek(0)
                _fail(err.read(4000).decode("utf-8", "replace"))
            return out.read()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end; stop it where it takes too long or too much."""
        while True:
            try:
                process.wait(0.05 if self.end - time.monotonic() > 599 else 0.5)
                return
            except subprocess.TimeoutExpired:
                pass
            size = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
            if time.monotonic() > self.end or size > self.most:
                process.kill()
                process.wait()
                why = "takes too long" if size <= self.most else f"needs more than {self.most >> 20} MiB"
                raise OperationalError(f"A clone {why}; it is stopped.")

    @contextmanager
    def blobs(self, oids: list[str]) -> Iterator[Iterator[tuple[str, bytes | None]]]:
        """The bodies of blobs, one by one; None for one that is too long or not there."""
        process = subprocess.Popen(
            ["git", "cat-file", "--batch"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield self._bodies(process, oids)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    def _bodies(self, process: subprocess.Popen[bytes], oids: list[str]) -> Iterator[tuple[str, bytes | None]]:
        assert process.stdin is not None and process.stdout is not None
        for oid in oids:
            process.stdin.write(f"{oid}\n".encode())
            process.stdin.flush()
            about = process.stdout.readline().split()
            if len(about) != 3 or about[1] != b"blob":
                yield oid, None
                continue
            left, kept = int(about[2]), []
            long = left > _LONGEST
            while left > 0:
                block = process.stdout.read(min(left, 1 << 20))
                if not block:
                    return
                left -= len(block)
                if not long:
                    kept.append(block)
            process.stdout.read(1)
            yield oid, None if long else b"".join(kept)


_LONGEST = Limits().file


def _fail(said: str) -> None:
    text = " ".join(said.split())[:300]
    if "no space left" in text.lower():
        raise StorageError(
            f"Git cannot write to {tempfile.gettempdir()}: the disk is full; free some space and go on."
        )
    kind = GoneError if any(word in text.lower() for word in _GONE) else TransientError
    raise kind(f"Git cannot fetch the repository: {text}")
