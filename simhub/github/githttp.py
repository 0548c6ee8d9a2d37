"""Git's smart HTTP protocol, answered by Git itself: `git clone` and `git fetch` work, with protocol v2 and filters.

A bare repository is written when it is first asked for, into a temporary folder that goes when the forge closes.
Documented (gitprotocol-http, gitprotocol-v2): paths, media types, the service line. Seen in public reports: the
wording for a repository that is not there, and for one that was taken down. GitHub asks who has no login for one
before it says 404; this one says it at once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path

from simhub.github import objects
from simhub.github.shelf import Held, Shelf
from simhub.wire import Request, Response

#: What a request to git-upload-pack may hold once it is unpacked.
MOST_BYTES = 64 << 20

_PATH = re.compile(
    r"/(?P<name>[^/]+/[^/]+?)(?:\.git)?/(?P<verb>info/refs|git-upload-pack|git-receive-pack)", re.ASCII
)
_TAKEN_DOWN = """Repository unavailable due to DMCA takedown.
See the takedown notice for more details:
https://github.com/github/dmca/blob/master/2025/01/2025-01-14-simulated.md.
"""


class GitHttp:
    """Answers below /OWNER/NAME.git; 501 where there is no Git on the path."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._git = shutil.which("git")
        self._folder: Path | None = None

    @staticmethod
    def takes(path: str) -> bool:
        """Whether a path is of this protocol."""
        return _PATH.fullmatch(path) is not None

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        found = _PATH.fullmatch(request.path)
        service = request.first("service")
        if found is None:
            return _said(404, "Not Found")
        if found["verb"] == "git-receive-pack" or service == "git-receive-pack":
            return _said(401, "No anonymous write access.", **{"WWW-Authenticate": 'Basic realm="GitHub"'})
        held, moved = self._shelf.find(found["name"])
        if held is None:
            return _said(404, "Repository not found.")
        if held.repository.state == "blocked":
            return _said(451, _TAKEN_DOWN)
        if moved:
            query = request.target.partition("?")[2]
            target = f"{request.origin}/{held.repository.full_name}.git/{found['verb']}" + (
                f"?{query}" if query else ""
            )
            return Response(301, b"", {"Location": target})
        if self._git is None:
            return _said(501, "There is no git on the path.")
        if found["verb"] == "info/refs":
            return self._refs(held, service, request)
        return self._pack(held, request)

    def close(self) -> None:
        """Remove what was written."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _refs(self, held: Held, service: str, request: Request) -> Response:
        if service != "git-upload-pack":
            return _said(403, "Please upgrade your git client.")
        code, out, said = self._run(held, request, "--advertise-refs")
        if code:
            return _said(500, said)
        return _answer("advertisement", b"001e# service=git-upload-pack\n0000" + out)

    def _pack(self, held: Held, request: Request) -> Response:
        if request.method != "POST":
            return _said(405, "POST only")
        try:
            body = _unpacked(request)
        except (OSError, EOFError, zlib.error, ValueError) as bad:
            return _said(400, f"Bad request: {bad}")
        # Git leaves with 128 where the client has all it wants; what it wrote is the answer all the same.
        _, out, _ = self._run(held, request, body=body)
        return _answer("result", out)

    def _run(self, held: Held, request: Request, *flags: str, body: bytes = b"") -> tuple[int, bytes, str]:
        """The exit status of git upload-pack, what it wrote, and its complaints. It sees no settings but its own."""
        folder = self._bare(held)
        env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        }
        command = [str(self._git), "upload-pack", "--stateless-rpc", *flags, str(folder)]
        done = subprocess.run(command, input=body, capture_output=True, env=env, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def _bare(self, held: Held) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="simhub-git-"))
        folder = self._folder / str(held.number)
        if not folder.exists():
            repository = held.repository
            objects.write_bare(folder, held.files, repository.pushed_at, repository.branch)
        return folder


def _unpacked(request: Request) -> bytes:
    """The body, which Git compresses where it is long; a ``ValueError`` where it is too long."""
    if request.headers.get("content-encoding") not in ("gzip", "x-gzip"):
        return request.body
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    body = reader.decompress(request.body, MOST_BYTES)
    if reader.unconsumed_tail or not reader.eof:
        raise ValueError("the body is cut or too long")
    return body


def _answer(kind: str, body: bytes) -> Response:
    headers = {"Content-Type": f"application/x-git-upload-pack-{kind}", "Cache-Control": "no-cache, max-age=0"}
    return Response(200, body, headers)


def _said(status: int, text: str, **headers: str) -> Response:
    return Response(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8", **headers})
