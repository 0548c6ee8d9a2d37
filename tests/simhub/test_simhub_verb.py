"""The `simhub` verb in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
import requests


@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_serves_until_told_to_stop(end, code) -> None:
    command = [sys.executable, "-m", "hubcensus", "simhub", "--json", "--models", "120", "--days", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        endpoint = json.loads(process.stdout.readline())["endpoint"]
        assert len(requests.get(f"{endpoint}/api/models").json()) > 100
        assert requests.get(f"{endpoint}/__sim__/stats").json()["day"] == 1
        process.send_signal(end)
        assert process.wait(20) == code
