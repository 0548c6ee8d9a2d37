"""Files over HTTP: ranges, etags, redirects, and what counts as a download."""

from __future__ import annotations

import hashlib

import pytest
import requests
import yaml

from simhub import SimHub, build_synthetic
from simhub.downloads import is_query_file


def _open(hub, want):
    return next(s for s in hub.truth.specs() if not s.gated and not s.disabled and want(s))


def test_small_files_carry_git_hashes(hub) -> None:
    spec = _open(hub, lambda s: s.card == "full")
    url = f"{hub.endpoint}/{spec.id}/resolve/main/README.md"
    answer = requests.get(url)
    body = answer.content
    assert answer.headers["ETag"] == f'"{hashlib.sha1(b"blob %d" % len(body) + bytes(1) + body).hexdigest()}"'
    assert answer.headers["X-Repo-Commit"] == spec.sha and answer.headers["Accept-Ranges"] == "bytes"
    head = requests.head(url)
    assert head.headers["Content-Length"] == str(len(body)) and not head.content
    assert requests.get(url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    part = requests.get(url, headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, body[4:10])
    assert part.headers["Content-Range"] == f"bytes 4-9/{len(body)}"
    assert requests.get(url, headers={"Range": "bytes=-5"}).content == body[-5:]
    beyond = requests.get(url, headers={"Range": f"bytes={len(body)}-"})
    assert beyond.status_code == 416 and beyond.headers["Content-Range"] == f"bytes */{len(body)}"


def test_large_files_redirect_to_a_blob(hub) -> None:
    spec = _open(hub, lambda s: "pytorch" in s.formats and s.size == [12, 768])
    file = next(f for f in hub.truth.files(spec.id) if f.path.endswith(".bin"))
    url = f"{hub.endpoint}/{spec.id}/resolve/main/{file.path}"
    answer = requests.head(url, allow_redirects=False)
    assert answer.status_code == 302 and "/cdn/" in answer.headers["Location"]
    assert answer.headers["X-Linked-Etag"] == f'"{file.sha256}"'
    assert int(answer.headers["X-Linked-Size"]) == file.size > 10**8
    end = requests.get(url, headers={"Range": f"bytes={file.size - 3}-"})
    assert end.status_code == 206 and end.content == bytes(3)
    assert requests.get(url, headers={"Range": "bytes=0-3"}).content == b"PK\x03\x04"


def test_cards_of_every_kind(hub) -> None:
    seen = set()
    for spec in hub.truth.specs():
        if spec.card in seen or spec.gated or spec.disabled:
            continue
        seen.add(spec.card)
        answer = requests.get(f"{hub.endpoint}/{spec.id}/resolve/main/README.md")
        if spec.card == "none":
            assert answer.status_code == 404 and answer.headers["X-Error-Code"] == "EntryNotFound"
            continue
        text = answer.content.decode()
        matter = text.replace("\r\n", "\n").split("---\n")[1] if text.startswith("---") else None
        if spec.declares:
            data = yaml.safe_load(matter)
            licence = data.get("license", [])
            assert spec.licences == ([licence] if isinstance(licence, str) else licence)
        elif spec.card == "invalid":
            with pytest.raises(yaml.YAMLError):
                yaml.safe_load(matter)
        else:
            assert matter is None
    assert len(seen) >= 9


def test_touching_a_query_file_counts_as_a_download() -> None:
    with SimHub(build_synthetic(200, seed=5)) as hub:
        spec = _open(hub, lambda s: s.library == "transformers" and "gguf" not in s.formats)
        base = f"{hub.endpoint}/{spec.id}/resolve/main"
        info = f"{hub.endpoint}/api/models/{spec.id}?expand=downloads"
        before = requests.get(info).json()["downloads"]
        requests.get(f"{base}/.gitattributes"), requests.get(f"{base}/tokenizer.json")
        assert hub.stats()["query_file_touches"] == 0
        requests.get(f"{base}/config.json"), requests.head(f"{base}/config.json")
        assert hub.stats()["query_file_touches"] == 2 and hub.stats()["touched"] == [f"{spec.id}/config.json"] * 2
        assert requests.get(info).json()["downloads"] == before + 2 == hub.truth.metrics()[spec.id][0]


def test_query_files_by_library() -> None:
    counted = (
        (None, "config.json"),
        ("peft", "adapter_config.json"),
        ("x", "a/b.gguf"),
        ("diffusers", "v1.safetensors"),
        ("nemo", "a.nemo"),
        ("timm", "model.safetensors"),
    )
    free = (
        ("peft", "config.json"),
        ("diffusers", "unet/x.safetensors"),
        (None, "unet/config.json"),
        (None, "README.md"),
        ("transformers", "model.safetensors"),
    )
    assert all(is_query_file(library, path) for library, path in counted)
    assert not any(is_query_file(library, path) for library, path in free)


def test_an_old_revision_serves_the_old_bytes() -> None:
    with SimHub(build_synthetic(400, seed=9)) as hub:
        hub.advance()
        before = {s.ordinal: s for s in hub.truth.specs(0)}
        spec = next(
            s for s in hub.truth.specs() if s.ordinal in before and s.card_rev and not s.gated and not s.disabled
        )
        old = before[spec.ordinal]
        texts = [
            requests.get(f"{hub.endpoint}/{spec.id}/resolve/{sha}/README.md").content for sha in (old.sha, spec.sha)
        ]
        days = [next(c.sha256 for c in hub.truth.cards(day) if c.id == spec.id) for day in (0, 1)]
        assert [hashlib.sha256(t).hexdigest() for t in texts] == days and (texts[0] != texts[1]) == (
            days[0] != days[1]
        )
