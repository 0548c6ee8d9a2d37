"""A record: one thing that was seen at a source, unchanged."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from landing.clock import to_iso


@dataclass(frozen=True, slots=True)
class Record:
    """One response, as it came.

    ``kind`` says what it is (``card``, ``tree``, ``commits``, ...), ``key`` what it is about (a
    model id), ``revision`` the state of that thing it belongs to (a commit), ``decoded`` is
    what the hub's pure ``decode`` read out of a body that is not JSON, and ``decoder`` the
    version of that code.
    """

    kind: str
    key: str
    url: str
    status: int
    fetched_at: datetime
    body: bytes
    etag: str | None = None
    revision: str | None = None
    decoded: Any = None
    decoder: str | None = None

    @property
    def sha256(self) -> str:
        """Hex digest of the body's bytes."""
        return hashlib.sha256(self.body).hexdigest()

    def envelope(self) -> bytes:
        """The record as one JSON line; a body that is not UTF-8 travels as base64."""
        fields: dict[str, Any] = {
            "kind": self.kind,
            "key": self.key,
            "revision": self.revision,
            "url": self.url,
            "status": self.status,
            "fetched_at": to_iso(self.fetched_at),
            "etag": self.etag,
            "sha256": self.sha256,
            "bytes": len(self.body),
        }
        try:
            fields["body"] = self.body.decode("utf-8")
        except UnicodeDecodeError:
            fields["body_base64"] = base64.b64encode(self.body).decode("ascii")
        if self.decoder is not None:
            fields |= {"decoded": self.decoded, "decoder": self.decoder}
        return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
