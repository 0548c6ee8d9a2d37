"""Licence texts: what they are identified as, what is hostile in them, and which files are fetched at all."""

from __future__ import annotations

import hashlib
import json

import pytest
from crawling import envelopes, go, run_of
from hypothesis import given, settings
from hypothesis import strategies as st
from identify.vendor.licenses import LICENSES

from crawler import licence_text
from crawler.details import LICENCE_CAP, MAX_LICENCES
from crawler.hubs.huggingface import may_read
from crawler.licence_text import decode, identify, is_licence_file

TEXTS = dict(LICENSES)
WORDS = (
    "Whoever accepts this agreement may use and distribute the materials and derivatives of the model; its use-based "
    "restrictions in Attachment A are passed on; acceptable use policy; model derivatives; no warranty is granted. "
)


def one(text: str) -> tuple[str, str] | None:
    """The first licence of a text and how it was known."""
    found = identify(text)
    return (found[0].licence, found[0].evidence) if found else None


def plain(licence: str) -> str:
    """An id without what a text cannot say."""
    return licence.removesuffix("-only")


@pytest.mark.parametrize("licence", sorted(TEXTS))
def test_every_text_of_the_library_is_itself(licence):
    found = identify(TEXTS[licence])
    assert [plain(found[0].licence), found[0].evidence] == [licence, "text"] and found[0].score == 1


@pytest.mark.parametrize(
    "licence", ["Apache-2.0", "GPL-3.0", "AGPL-3.0", "MIT", "BSD-3-Clause", "CC-BY-SA-4.0", "MPL-2.0"]
)
def test_altered_texts_are_known_and_called_altered(licence):
    text = TEXTS[licence]
    middle = text.index("\n\n", len(text) // 2)
    addition = "\n\nThe authors ask to be kind. " + "More words that no licence has stand here. " * 20
    (found,) = identify(text[:middle] + addition + text[middle:])
    assert plain(found.licence) == licence and 0.85 < found.score < 1
    # A few lines more are less than a twentieth of a long licence.
    assert found.evidence == ("text" if len(text) > 18_000 else "altered")


def test_two_licences_in_one_file_are_two_and_what_one_contains_is_none():
    both = identify("Model weights:\n\n" + TEXTS["Apache-2.0"] + "\n\nCode:\n\n" + TEXTS["MIT"])
    assert {found.licence for found in both} == {"Apache-2.0", "MIT"}
    assert [plain(found.licence) for found in identify(TEXTS["AGPL-3.0"] + "\nfirst copy " * 200)] == ["AGPL-3.0"]


def test_a_limit_written_into_an_open_licence_is_seen():
    text = (
        TEXTS["BSD-3-Clause"] + "\n\nThis model is for non-commercial use.\n" + "It is what it is, and no more. " * 20
    )
    assert "LicenseRef-NonCommercial" in {found.licence for found in identify(text)}


def test_the_part_about_the_weights_goes_before_the_licence_of_the_code():
    terms = "\n\nModel Weights License\n\nThe work may be used or intended for use non-commercially. " + WORDS * 4
    first, code = identify("Code License\n\n" + TEXTS["Apache-2.0"] + terms)
    assert (first.licence, code.licence) == (
        "LicenseRef-NonCommercial",
        "Apache-2.0",
    ) and code.score < 0.5 < first.score
    unknown = identify(
        "Code License\n\n" + TEXTS["Apache-2.0"] + "\n\n## Model weights\n\n" + "Ask us before you use them. " * 40
    )
    assert [found.licence for found in unknown] == ["Apache-2.0"] and unknown[0].score < 0.5


def test_creative_commons_licences_are_told_apart_by_their_few_words():
    # They differ from CC-BY by less than the 5 % that comparing letters allows.
    text = TEXTS["CC-BY-4.0"].replace(
        "exercise the Licensed Rights", "exercise the Licensed Rights for NonCommercial purposes only"
    )
    assert text.count("NonCommercial") >= 3
    assert one(text.replace("Attribution 4.0", "Attribution-NonCommercial 4.0"))[0] == "CC-BY-NC-4.0"
    assert one(text)[0] == "CC-BY-NC-4.0"


@pytest.mark.parametrize(
    ("title", "licence"),
    [
        ("LLAMA 2 COMMUNITY LICENSE AGREEMENT", "LicenseRef-Llama-2"),
        ("META LLAMA 3 COMMUNITY LICENSE AGREEMENT", "LicenseRef-Llama-3"),
        ("LLAMA 3.1 COMMUNITY LICENSE AGREEMENT", "LicenseRef-Llama-3.1"),
        ("LLAMA 3.2 COMMUNITY LICENSE AGREEMENT", "LicenseRef-Llama-3.2"),
        ("LLAMA 3.3 COMMUNITY LICENSE AGREEMENT", "LicenseRef-Llama-3.3"),
        ("LLAMA 4 COMMUNITY LICENSE AGREEMENT", "LicenseRef-Llama-4"),
        ("# Gemma Terms of Use", "LicenseRef-Gemma"),
        ("Tongyi Qianwen LICENSE AGREEMENT", "LicenseRef-Qwen"),
        ("Qwen RESEARCH LICENSE AGREEMENT", "LicenseRef-Qwen-Research"),
        ("DEEPSEEK LICENSE AGREEMENT", "LicenseRef-DeepSeek"),
        ("Falcon 180B TII License Version 1.0", "LicenseRef-Falcon-LLM"),
        ("CreativeML Open RAIL-M", "LicenseRef-CreativeML-OpenRAIL-M"),
        ("CreativeML Open RAIL++-M License", "LicenseRef-OpenRAIL++-M"),
        ("BigScience Open RAIL-M License", "LicenseRef-BigScience-OpenRAIL-M"),
        ("BigScience RAIL License v1.0", "LicenseRef-BigScience-BLOOM-RAIL-1.0"),
        ("BigCode Open RAIL-M v1 License Agreement", "LicenseRef-BigCode-OpenRAIL-M"),
        ("FLUX.1 [dev] Non-Commercial License", "LicenseRef-FLUX-Dev-NC"),
        ("Creative Commons Attribution-NonCommercial-NoDerivatives 4.0 International", "CC-BY-NC-ND-4.0"),
    ],
)
def test_licences_made_for_models_are_known_by_title_and_clauses(title, licence):
    text = f"{title}\n\n" + (WORDS + "Licensed Rights, Adapted Material, Public License, exclusive. ") * 8
    assert one(text) == (licence, "title")
    assert one(f"{title}\n\n" + "Lorem ipsum dolor sit amet. " * 60) is None, (
        "a title alone is a text about something"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SPDX-License-Identifier: MIT OR Apache-2.0\n", ("MIT OR Apache-2.0", "tag")),
        ("MIT", ("MIT", "name")),
        ("This model is released under the Apache License, Version 2.0.", ("Apache-2.0", "name")),
        ("Released under MIT and Apache 2.0.", None),
        ("Ask us first.", None),
        (
            "Llama 2 Acceptable Use Policy\n\nYou agree you will not ..." + "x " * 500,
            ("LicenseRef-Llama-2", "policy"),
        ),
    ],
)
def test_tags_names_and_policies(text, expected):
    assert one(text) == expected


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", "empty"),
        (b" \n\n\t", "empty"),
        (b"\xef\xbb\xbf\n", "empty"),
        (b"\x00\x01\x02PK\x03\x04" * 500, "binary"),
        (b"\xff\xd8\xff\xe0" * 500, "binary"),
        (b"<!DOCTYPE html><html><body><script>alert(1)</script>Not found</body></html>", "page"),
        (b"a" * (5 << 20), "text"),
        (b"<" * (5 << 20), "text"),
        (b"copyright " * 500_000, "text"),
        ("‮esneciL TIM".encode(), "text"),
    ],
)
def test_hostile_texts_give_a_clear_row(body, form):
    found = decode(body, "LICENSE")
    assert found["form"] == form and found["licences"] == []
    assert len(found["title"]) <= 200 and not set("\u202e\x00\u200b\ufeff") & set(found["title"])
    json.dumps(found, ensure_ascii=False).encode()


def test_invisible_characters_hide_no_licence():
    text = TEXTS["MIT"].replace("Permission", "Per\u200bmission\u202e").replace("\n", "\r\n")
    assert decode(b"\xef\xbb\xbf" + text.encode())["licences"][0]["licence"] == "MIT"
    assert decode(TEXTS["MIT"].encode("utf-16"))["licences"][0]["licence"] == "MIT"
    page = f"<html><body><pre>{TEXTS['Apache-2.0']}</pre></body></html>".encode()
    assert decode(page)["licences"][0]["licence"] == "Apache-2.0"


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=3000), st.text(max_size=2000).map(lambda text: text.encode("utf-8", "surrogatepass"))
    )
)
def test_decoding_never_fails_and_is_bounded(body):
    found = decode(body, "NOTICE")
    assert found == decode(body, "NOTICE")
    assert (
        found["form"] in ("text", "empty", "binary", "page") and len(found["licences"]) <= licence_text.MAX_LICENCES
    )
    assert all(0 <= one["score"] <= 1 and one["licence"] for one in found["licences"])
    assert len(json.dumps(found)) < 20_000


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.text(max_size=60), st.text(max_size=60))
def test_what_stands_around_a_text_does_not_hide_it(licence, before, after):
    known = [plain(found.licence) for found in identify(f"{before}\n\n{TEXTS[licence]}\n\n{after}")]
    # WTFPL is so short that a few words change more than a twentieth of it.
    assert licence in known or licence == "WTFPL"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("LICENSE", True), ("LICENCE.md", True), ("LICENSE.txt", True), ("COPYING", True), ("COPYING.LESSER", True),
        ("MODEL_LICENSE", True), ("LICENSE-APACHE", True), ("LICENSE-2.0.txt", True), ("NOTICE", True),
        ("USE_POLICY.md", True), ("Gemma Prohibited Use Policy.md", True), ("UNLICENSE", True),
        ("license.json", False), ("LICENSE.pdf", False), ("sub/LICENSE", False), ("license_files.py", False),
        ("LICENSE.safetensors", False), ("LICENSE.gguf", False), ("config.json", False), ("../LICENSE", False),
    ],
)  # fmt: skip
def test_which_files_are_licences(path, wanted):
    assert is_licence_file(path) is wanted
    assert may_read(path, "transformers") is (wanted or path == "LICENSE.safetensors")


def test_licence_files_land_as_sent_and_count_no_download(zone, population):
    from simhub import SimHub

    with SimHub(population) as hub:
        run = run_of(zone, go(zone, hub.endpoint, details=("licences",)))
        landed = {row["key"]: row for row in envelopes(run, "licence-text")}
        truth, models = hub.truth.licence_files(), hub.truth.models()
        assert hub.stats()["query_file_touches"] == 0 and set(landed) == set(truth) and len(truth) > 50
        for name, row in landed.items():
            if row["status"] == 200:
                assert row["sha256"] == hashlib.sha256(truth[name].body).hexdigest()
                assert row["decoder"] == licence_text.VERSION and row["revision"] == models[name].sha
            else:
                assert row["status"] in (401, 403) and "decoded" not in row
        asked = hub.stats()["classes"]["resolvers"]
        go(zone, hub.endpoint, details=("licences",))
        assert hub.stats()["classes"]["resolvers"] == asked, "the same commit is not read twice"


def test_the_file_that_a_link_names_is_fetched_and_others_are_not(zone, loopback):
    files = ["terms.md", "notes.md", "NOTICE", "README.md", "config.json", *(f"LICENSE-{n}" for n in range(9))]
    rows = [
        {"id": "a/own", "link": "https://huggingface.co/a/own/blob/main/terms.md"},
        {"id": "a/other", "link": "https://huggingface.co/b/else/blob/main/terms.md"},
        {"id": "a/query", "link": "config.json"},
        {"id": "a/odd", "link": {"a": ["terms.md"]}},
    ]
    loopback.pages = [[
        {"id": row["id"], "sha": "c" * 40, "siblings": [{"rfilename": file} for file in files],
         "cardData": {"license_link": row["link"]}} for row in rows
    ]]  # fmt: skip
    body = b"x" * (5 << 20)
    loopback.answer = lambda path: loopback.listing(path) if "/api/models?" in path else (200, {}, body)
    run = run_of(zone, go(zone, loopback.endpoint, details=("licences",)))
    landed = envelopes(run, "licence-text")
    paths = {
        name: {row["decoded"]["path"] for row in landed if row["key"] == name}
        for name in ("a/own", "a/other", "a/query")
    }
    assert "terms.md" in paths["a/own"] and "terms.md" not in paths["a/other"] | paths["a/query"]
    assert all(len(found) == MAX_LICENCES for found in paths.values())
    assert not any(path.endswith(("config.json", "notes.md", "README.md")) for path, _ in loopback.seen)
    assert {row["bytes"] for row in landed} == {LICENCE_CAP} and all(row["decoded"]["truncated"] for row in landed)
