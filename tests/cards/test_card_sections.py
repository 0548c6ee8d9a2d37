"""Sections by their headings, and cards by their counts: what the warehouse says, and how often it is right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from doors import hubcensus
from dumps import landed, rows

CARD = """# lab/net
A network.
## Intended uses & limitations
For tests.
## Emergency
### Zero-shot
Text.
## 🛠️ 1.2 Installation
```
pip install net
```
### With git
Clone it.
## 引用
@misc
## Lizenz
MIT
## Ergebnisse
90 %
## Empty
## Contributors
Ann
"""
BARE = "# lab/bare\nA network.\n"


def test_sections_say_what_they_are_about(tmp_path):
    landed(tmp_path, {"lab/net": CARD, "lab/bare": BARE})
    hubcensus(tmp_path, "load")
    found = rows(tmp_path, """SELECT title, category, part, aspect FROM core.card_section s
        JOIN mart.card c USING (card_id) WHERE model_id = 'lab/net' ORDER BY ordinal""")  # fmt: skip
    told = {row["title"]: (row["category"], row["part"], row["aspect"]) for row in found}
    assert told == {
        "lab/net": (None, "description", "what"),
        "Intended uses & limitations": ("limitations", "limitations", "why"),
        "Emergency": (None, None, None),
        "Zero-shot": (None, None, "what"),
        "🛠️ 1.2 Installation": ("usage", "usage", "how"),
        "With git": ("usage", "usage", "how"),
        "引用": ("citation", "citation", "reference"),
        "Lizenz": ("licence", "licence", "who"),
        "Ergebnisse": ("evaluation", "evaluation", "what"),
        "Empty": (None, None, None),
        "Contributors": ("contributions", "contributions", "who"),
    }
    quality = rows(tmp_path, "SELECT model_id, quality FROM mart.card ORDER BY 1")
    assert [(row["model_id"], round(row["quality"], 3)) for row in quality] == [("lab/bare", 0.333), ("lab/net", 1.0)]


@pytest.mark.parametrize("card", [CARD, BARE, "", "# a\n```\nx\n```\n## Usage\nRun it.\n"])
def test_a_local_card_says_what_the_warehouse_says(tmp_path, card):
    landed(tmp_path, {"lab/net": card})
    hubcensus(tmp_path, "load")
    (tmp_path / "README.md").write_text(card)
    (told,) = hubcensus(tmp_path, "cards", "read", str(tmp_path / "README.md"))["cards"]
    sections = rows(
        tmp_path, "SELECT level, title, words, category, part, aspect FROM core.card_section ORDER BY ordinal"
    )
    bare = {"category": None, "part": None, "aspect": None}
    assert [bare | section for section in told["sections"]] == sections
    assert [told["quality"]] == [round(row["quality"], 3) for row in rows(tmp_path, "SELECT quality FROM core.card")]


def test_a_heading_without_a_known_word_belongs_to_the_one_above(tmp_path):
    card = "# A model\nText.\n## Usage\nText.\n### Apples\nText.\n#### Pears\nText.\n## Plums\nText.\n"
    landed(tmp_path, {"lab/net": card})
    hubcensus(tmp_path, "load")
    found = rows(tmp_path, "SELECT title, part, aspect FROM core.card_section ORDER BY ordinal")
    told = {row["title"]: (row["part"], row["aspect"]) for row in found}
    assert told["Apples"] == told["Pears"] == ("usage", "how")
    assert told["Plums"][1] == "what"


def test_hostile_headings_cost_no_more_than_others(tmp_path):
    many = "\n".join(f"{'#' * (1 + n % 6)} {'use ' * 60}{n}\nx" for n in range(600))
    landed(tmp_path, {"evil/net": many, "evil/other": "# " + "a" * 100_000 + "\nx\n"})
    hubcensus(tmp_path, "load")
    assert rows(tmp_path, "SELECT count(*) AS n FROM core.card_section")[0]["n"] == 501
    assert hubcensus(tmp_path, "check")


def _labels() -> bool:
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return (Path(os.environ.get("HUBCENSUS_SHARED_DATA", beside)) / "docs_labels").is_dir()


@pytest.mark.skipif(not _labels(), reason="the labels are not on this machine")
def test_against_peoples_labels_the_vocabulary_beats_the_majority_by_far():
    """On the two fifths of the cards that nobody looked at when the vocabulary was written."""
    from benchmarks import card_sections as benchmark

    for cases, least in ((benchmark.aspects(), 0.25), (list(benchmark.parts()), 0.2), (benchmark.quality(), 0.2)):
        tuned, test = benchmark._split(cases)
        said = [case.said for case in tuned]
        most = max(set(said), key=said.count)
        right = sum(case.ours == case.said for case in test) / len(test)
        majority = sum(most in case.truth for case in test) / len(test)
        assert right - majority > least
