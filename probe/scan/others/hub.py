"""The hub's own verdicts, from the metadata of its file listings; nothing is asked of the hub here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The hub's words; whatever else it may say is kept as the detail of an error.
_WORDS = {
    "safe": "clean",
    "innocuous": "clean",
    "caution": "unlisted",
    "suspicious": "suspicious",
    "unsafe": "dangerous",
    "dangerous": "dangerous",
    "infected": "dangerous",
    "queued": "skipped",
    "unscanned": "skipped",
    "no-scan": "skipped",
    "scanning": "skipped",
    "error": "error",
}


def hub_verdicts(path: str, status: Mapping[str, Any], sha256: str | None = None) -> list[dict[str, Any]]:
    """The hub's verdict as a whole (tool ``hub``) and each of its scanners' (``hub/pickleImportScan``, ...).

    ``status``: the block ``securityFileStatus`` of ``tree?expand=true``, or the older ``security`` block with
    ``safe`` and ``avScan``. Parts of another form are passed over.
    """
    rows = [_row(path, sha256, "hub", status)]
    for name, part in status.items():
        if isinstance(part, Mapping) and name != "blobId":
            rows.append(_row(path, sha256, f"hub/{str(name)[:40]}", part))
    return rows


def _row(path: str, sha256: str | None, tool: str, part: Mapping[str, Any]) -> dict[str, Any]:
    word = part.get("status")
    if word is None and isinstance(part.get("safe"), bool):
        word = "safe" if part["safe"] else "unsafe"
    if word is None and isinstance(part.get("virusFound"), bool):
        word = "unsafe" if part["virusFound"] else "safe"
    verdict = _WORDS.get(str(word).lower(), "error") if word is not None else "skipped"
    return {
        "path": path,
        "sha256": sha256,
        "tool": tool,
        "version": str(part.get("version") or ""),
        "verdict": verdict,
        "detail": _detail(part, word, verdict),
    }


def _detail(part: Mapping[str, Any], word: Any, verdict: str) -> str:
    pieces = []
    if word is None:
        pieces.append("no verdict")
    elif verdict == "error":
        pieces.append(f"status {str(word)[:80]!r}")
    if isinstance(message := part.get("message"), str):
        pieces.append(message[:500])
    imports = part.get("pickleImports")
    if isinstance(imports, list):
        bad = [
            f"{item.get('module')}.{item.get('name')}"
            for item in imports[:500]
            if isinstance(item, Mapping) and item.get("safety") not in (None, "innocuous")
        ]
        if bad:
            pieces.append("imports " + ", ".join(bad[:20]))
    return "; ".join(pieces)
