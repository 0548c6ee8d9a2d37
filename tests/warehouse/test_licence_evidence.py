"""Evidence for licences, end to end: what the simulated hub knows of its models is what the views say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from doors import hubcensus
from hypothesis import given, settings
from hypothesis import strategies as st

from landing import Record, Zone
from landing.clock import from_iso
from simhub import SimHub, build_synthetic
from warehouse.licence_names import of_badge, of_link, of_name
from warehouse.licence_prose import CONFIDENCE, MAX_MENTIONS, mentions
from warehouse.licences import parts
from warehouse.reader import Reader

MEANT = {"openrail": "LicenseRef-OpenRAIL", "mit": "MIT", "gpl-3.0": "GPL-3.0-only", "llama2": "LicenseRef-Llama-2"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A census with cards, files and licence files of 500 models, and the truth about them."""
    folder = tmp_path_factory.mktemp("licences")
    with SimHub(build_synthetic(500, seed=11, path=folder / "hub.sqlite"), faults="hostile=1") as hub:
        home = folder / "home"
        hubcensus(home, "crawl", "huggingface", "--endpoint", hub.endpoint, "--with", "cards,files,licences")
        hubcensus(home, "load")
        assert hub.stats()["query_file_touches"] == 0
        yield hub, home


def land(home: Path, models: list[dict], moment: str, *records: Record) -> None:
    """One finished listing, with details."""
    zone = Zone(home / "landing")
    with zone.lock("huggingface"):
        writer = zone.start("huggingface", kind="listing", program="test", parser="test", config={})
        fields = ["id", "sha", "tags", "siblings"]
        facts = {
            "kind": "models",
            "key": "1",
            "url": "http://hub/api/models",
            "records": len(models),
            "fields": fields,
        }
        body = json.dumps(models).encode()
        writer.write_page(
            body, **facts, fetched_at=from_iso(moment), walk="all", cursor=None, done=True, suspect=None
        )
        if records:
            writer.write_records(list(records), walk="licences")
        writer.finish(complete=True, observed_at=from_iso(moment))


def rows(home: Path, query: str) -> list[tuple]:
    with Reader(home / "warehouse.duckdb") as reader:
        return reader.rows(query)


def test_licence_files_are_what_the_hub_knows_them_to_be(hub):
    hub, home = hub
    models = hub.truth.models()
    truth = {
        name: file
        for name, file in hub.truth.licence_files().items()
        if not models[name].gated and not models[name].disabled
    }
    found = rows(
        home, "SELECT model_id, path, licence, evidence, score, sha256 FROM mart.licence_text WHERE ordinal = 1"
    )
    asked = {name: file for name, file in truth.items() if ".." not in name}
    assert {row[0]: row[1:3] for row in found} == {name: (file.path, file.licence) for name, file in asked.items()}
    kinds = {file.kind for file in truth.values()}
    assert kinds == {"text", "modified", "other", "name", "custom", "empty"}
    for name, _, _, evidence, score, _ in found:
        kind = truth[name].kind
        assert (kind == "empty") == (evidence == "empty") and (kind == "custom") <= (evidence == "unknown"), name
        assert kind != "modified" or score < 1 or evidence == "title"


def test_declared_licences_are_evidence_and_what_a_file_says_beside_is_told(hub):
    hub, home = hub
    models, files = hub.truth.models(), hub.truth.licence_files()
    answers = {
        row[0]: row[1:]
        for row in rows(
            home, "SELECT model_id, licence, basis, agreement, recovered, conflict FROM mart.model_licence"
        )
    }
    assert set(answers) == set(models)
    differ = {name for name, answer in answers.items() if answer[2] == "differ"}
    readable = {name for name in files if not models[name].gated and not models[name].disabled}
    other = {
        name
        for name in readable
        if files[name].kind == "other" and models[name].licences and models[name].licences != ("other",)
    }
    assert {name for name in other if models[name].licences[0] != "unknown"} <= differ
    assert all("licence file" in answers[name][4] for name in other & differ)
    for name in readable:
        model, file = models[name], files[name]
        if not model.licences and file.licence:
            assert answers[name][0] == file.licence and answers[name][1:4:2] == ("licence file", True), name
    for name, model in models.items():
        if model.licences and model.licences[0] in MEANT:
            assert answers[name][0] == MEANT[model.licences[0]] or len(model.licences) > 1, name
            assert answers[name][1] == "tag" and not answers[name][3]


def test_base_models_give_what_a_model_does_not_say_itself(hub):
    hub, home = hub
    models = hub.truth.models()
    answers = rows(
        home,
        "SELECT model_id, raw, place, detail FROM mart.licence_evidence "
        "WHERE kind = 'base model' AND detail = 'tag, 1 up'",
    )
    assert answers
    for _, raw, parent, _ in answers:
        assert raw in models[parent].licences
    # An ancestor further up only speaks where the ones between say nothing.
    far = rows(
        home,
        "SELECT model_id FROM mart.licence_evidence WHERE kind = 'base model' AND NOT ends_with(detail, ', 1 up')",
    )
    edges = {(edge.child, edge.parent) for edge in hub.truth.edges()}
    assert all(any(child == name for child, _ in edges) for (name,) in far)


def test_prose_of_a_section_counts(hub):
    hub, home = hub
    models = hub.truth.models()
    said = rows(
        home,
        "SELECT DISTINCT model_id FROM mart.licence_evidence "
        "WHERE kind = 'card prose' AND detail = 'section' AND licence = 'Apache-2.0'",
    )
    expected = {
        name for name, model in models.items()
        if model.card_kind in ("full", "crlf") and "apache-2.0" in model.licences
        and not model.gated and not model.disabled
    }  # fmt: skip
    assert expected and expected == {name for (name,) in said}


def test_a_licence_that_left_the_repository_says_nothing_of_it_now_and_did_then(tmp_path):
    """The files of the newest listing decide; AS OF an earlier moment the earlier file counts."""
    decoded = {"path": "LICENSE", "title": "MIT License", "form": "text"}
    decoded["licences"] = [{"licence": "MIT", "score": 1.0, "evidence": "text"}]
    url = "http://hub/a/b/resolve/c/LICENSE"
    record = Record(
        *("licence-text", "a/b", url, 200, from_iso("2026-01-01"), b"x"),
        revision="c" * 40,
        decoded=decoded,
        decoder="x/1",
    )
    for moment, file, more in (("2026-01-01", "LICENSE", [record]), ("2026-01-05", "README.md", [])):
        land(tmp_path, [{"id": "a/b", "sha": "c" * 40, "tags": [], "siblings": [{"rfilename": file}]}], moment, *more)
    hubcensus(tmp_path, "load")
    query = "SELECT licence FROM mart.model_licence"
    with Reader(tmp_path / "warehouse.duckdb") as reader:
        assert reader.rows(query) == [(None,)]
    with Reader(tmp_path / "warehouse.duckdb", as_of=from_iso("2026-01-02")) as reader:
        assert reader.rows(query) == [("MIT",)]


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlicense: mit\n---\n# M\n**License:** Apache 2.0\n", [("label", "Apache-2.0", 5)]),
        ("# M\n\n## License\n\nMIT\n", [("section", "MIT", 5)]),
        (
            "## License\n\nThis model is released under the [Llama 2 Community License](LICENSE).",
            [("section", "LicenseRef-Llama-2", 3)],
        ),
        ("The model weights are distributed under CC BY-NC-SA 4.0 license.", [("sentence", "CC-BY-NC-SA-4.0", 1)]),
        ("![](https://img.shields.io/badge/License-Apache_2.0-blue.svg)", [("badge", "Apache-2.0", 1)]),
        ("License: see [here](https://creativecommons.org/licenses/by-nc-nd/4.0/)", [("link", "CC-BY-NC-ND-4.0", 1)]),
        ("| **License** | `LGPL-LR` |", [("label", "LGPLLR", 1)]),
        ("License: [More Information Needed]", []),
        ("```\n# License: MIT\n```\nSome text about a license.", []),
        ("Unlike GPT, it is not licensed under MIT.", []),
        ("Files under licences mit, apache-2.0, bsd-3-clause, cc0-1.0 and isc were used.", []),
    ],
)
def test_what_prose_states(card, expected):
    found = [(one.how, one.licence, one.line) for one in mentions(card) if one.confidence >= 0.5]
    assert found == expected


def test_code_and_data_are_not_the_model():
    (found,) = mentions("The code is released under the Apache 2.0 license.")
    assert (found.licence, found.confidence) == ("Apache-2.0", CONFIDENCE["sentence"][1])
    both = {
        one.licence: one.confidence
        for one in mentions(
            "The code is under the MIT license, while the model is under the Gemma terms of use license."
        )
    }
    assert both["MIT"] < 0.5 < both["LicenseRef-Gemma"]


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("llama-3.1", "LicenseRef-Llama-3.1"), ("tongyi-qianwen", "LicenseRef-Qwen"),
        ("qwen-research", "LicenseRef-Qwen-Research"),
        ("flux-1-dev-non-commercial-license", "LicenseRef-FLUX-Dev-NC"), ("deepseek", "LicenseRef-DeepSeek"),
        ("llama-2-community-license", "LicenseRef-Llama-2"), ("CC-BY-NC-4.0", "CC-BY-NC-4.0"),
        ("our-terms", "LicenseRef-our-terms"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"), ("", None),
    ],
)  # fmt: skip
def test_names_of_licences(name, licence):
    assert of_name(name)[0] == licence


@pytest.mark.parametrize(
    ("link", "licence"),
    [
        ("LICENSE", None), ("https://opensource.org/licenses/MIT", "MIT"),
        ("https://ai.meta.com/llama/license/", "LicenseRef-Llama-2"),
        ("https://creativecommons.org/licenses/by-nc/4.0/legalcode", "CC-BY-NC-4.0"), ("javascript:alert(1)", None),
        ("https://huggingface.co/black-forest-labs/FLUX.1-dev/blob/main/LICENSE.md", "LicenseRef-FLUX-Dev-NC"),
        ("https://evil.example/opensource.org.licenses", None),
        ("https://www.apache.org/licenses/LICENSE-2.0.html", "Apache-2.0"),
    ],
)  # fmt: skip
def test_links_to_licences(link, licence):
    assert of_link(link)[0] == licence


def test_expressions_are_taken_apart():
    assert parts("MIT OR Apache-2.0") == ("OR", ["MIT", "Apache-2.0"])
    assert parts("GPL-2.0-only WITH Classpath-exception-2.0 AND MIT")[1] == [
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "MIT",
    ]
    assert parts("(MIT OR ISC) AND BSD-3-Clause") == ("mixed", ["MIT", "ISC", "BSD-3-Clause"])


def test_alternatives_and_lists_become_expressions(tmp_path):
    tags = {"a/either": ["license:mit or apache-2.0"], "a/both": ["license:mit", "license:cc-by-4.0"]}
    land(tmp_path, [{"id": name, "tags": said} for name, said in tags.items()], "2026-01-01")
    hubcensus(tmp_path, "load")
    found = dict(rows(tmp_path, "SELECT model_id, expression FROM mart.model_licence"))
    assert found == {"a/either": "MIT OR Apache-2.0", "a/both": "CC-BY-4.0 AND MIT"}
    evidence = rows(
        tmp_path, "SELECT licence, detail FROM mart.licence_evidence WHERE model_id = 'a/either' ORDER BY 1"
    )
    assert evidence == [("Apache-2.0", "MIT OR Apache-2.0"), ("MIT", "MIT OR Apache-2.0")]


PIECES = st.sampled_from(
    [
        "license",
        "License:",
        "MIT",
        "apache",
        "2.0",
        "cc by-nc",
        "under the ",
        "\n",
        "## ",
        "**",
        "[",
        "](",
        "https://",
        "model ",
        "-" * 50,
        " " * 300,
        "|",
        "`",
        "non-commercial ",
    ]
)


@settings(max_examples=200, deadline=2000)
@given(st.one_of(st.text(max_size=3000), st.lists(PIECES, max_size=400).map("".join)))
def test_reading_prose_is_bounded_and_never_fails(card):
    found = mentions(card)
    assert found == mentions(card) and len(found) <= MAX_MENTIONS
    assert all(0 < one.confidence <= 1 and one.line >= 1 and len(one.raw) <= 400 for one in found)
    of_name(card), of_link(card), list(of_badge(card))
