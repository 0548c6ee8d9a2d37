"""A simulated hub in a process of its own, as the demo uses it: the crawl then really goes over HTTP.

The child ends when its standard input does, so none is left behind however its parent ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from landing.errors import OperationalError

_PATIENCE = 120.0


class Simulated:
    """A hub of ``models`` synthetic models, kept in the file ``store``, that fails as ``faults`` says.

    ``folder`` holds checkpoints that join them, as ``OWNER/NAME/...``.
    """

    def __init__(self, store: Path, models: int, seed: int, faults: str, folder: Path | None = None) -> None:
        """Nothing is started before ``with``."""
        words = [str(store), str(models), str(seed), faults, *([str(folder)] if folder else [])]
        self._words = [sys.executable, "-m", "hubcensus.simulated", *words]
        self._log = store.with_suffix(".log")
        # Loopback is never behind a proxy, whatever the environment says.
        self._http = requests.Session()
        self._http.trust_env = False
        self.endpoint = ""

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            # A session of its own: Ctrl-C is for the parent, which then ends the child.
            self._child = subprocess.Popen(
                self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        try:
            self.endpoint = self._address()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        for stream in (self._child.stdin, self._child.stdout):
            if stream:
                stream.close()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def advance(self, days: int = 1) -> int:
        """Let days pass; the new day."""
        return int(self._ask("POST", f"advance?days={days}")["day"])

    def stats(self) -> dict[str, Any]:
        """What was asked of the hub, and how often it failed on purpose."""
        return self._ask("GET", "stats")

    def _address(self) -> str:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise OperationalError(f"The simulated hub did not start; {self._log} says why.")
        return str(json.loads(line)["endpoint"])

    def _ask(self, method: str, action: str) -> dict[str, Any]:
        try:
            answer = self._http.request(method, f"{self.endpoint}/__sim__/{action}", timeout=_PATIENCE)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise OperationalError(f"The simulated hub is gone ({error}); {self._log} may say why.") from error
        return found


def serve(store: str, models: str, seed: str, faults: str, folder: str = "") -> None:
    """The child: build the population, say where it is served, wait for the parent to let go."""
    from simhub import SimHub, add_folder, build_synthetic

    population = build_synthetic(int(models), int(seed), Path(store))
    if folder:
        add_folder(population, folder)
    with SimHub(population, faults=faults) as hub:
        sys.stdout.write(json.dumps({"endpoint": hub.endpoint}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    serve(*sys.argv[1:])
