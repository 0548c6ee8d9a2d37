"""The confidences are what the judged usages of docs/usages.csv say, and they are calibrated on them."""

from __future__ import annotations

import csv
from collections import Counter
from math import floor
from pathlib import Path

import pytest

from crawler.downstream import miner, texts
from crawler.downstream.values import HOWS

SAMPLE = Path(__file__).parents[2] / "docs" / "usages.csv"
#: Ways of finding an id that fail in the same manner: a way with few judged usages leans on its group.
GROUPS = {
    "written": ("literal", "variable", "other_cell", "class_constant", "argument"),
    "default": ("default_argument", "field_default", "command_line_default", "environment_default"),
    "several": ("dictionary", "conditional", "enumerated", "format"),
    "elsewhere": ("other_file", "handed_over", "attribute"),
    "setting": ("yaml", "toml", "json"),
    "script": ("shell", "dockerfile", "javascript", "address"),
}
#: How many judged usages the precision of all counts for in its group, and that of the group in a way of it.
WEIGHT = 10
STATED = miner.CONFIDENCE | texts.CONFIDENCE


def judged() -> list[dict[str, str]]:
    """The rows of the sample that the miner found."""
    with SAMPLE.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["verdict"] for row in rows} <= {"right", "wrong", "missed"}
    return [row for row in rows if row["verdict"] != "missed"]


def measured() -> dict[str, float]:
    """The confidence of each way: its precision, shrunk to that of its group, which is shrunk to that of all."""
    found = Counter(row["how"] for row in judged())
    right = Counter(row["how"] for row in judged() if row["verdict"] == "right")
    overall = right.total() / found.total()
    confidences = {}
    for hows in GROUPS.values():
        group = (sum(right[how] for how in hows) + WEIGHT * overall) / (sum(found[how] for how in hows) + WEIGHT)
        for how in hows:
            shrunk = (right[how] + WEIGHT * group) / (found[how] + WEIGHT)
            confidences[how] = min(floor(shrunk * 100) / 100, 0.99)
    return confidences


def error(rows: list[dict[str, str]]) -> float:
    """The expected calibration error: how far confidence and share of right ones are apart, by confidence."""
    found = Counter(STATED[row["how"]] for row in rows)
    right = Counter(STATED[row["how"]] for row in rows if row["verdict"] == "right")
    return sum(abs(right[stated] - stated * number) for stated, number in found.items()) / len(rows)


def test_every_way_has_a_confidence_and_a_group():
    assert set(miner.CONFIDENCE) == set(HOWS)
    assert sorted(how for hows in GROUPS.values() for how in hows) == sorted(STATED)


def test_confidences_are_those_of_the_judged_usages():
    assert measured() == STATED


def test_calibration():
    assert error(judged()) < 0.03


@pytest.mark.parametrize("part", ["development", "round1", "round2"])
def test_calibration_of_each_set(part):
    assert error([row for row in judged() if row["set"] == part]) < 0.05


def test_held_out_files_are_found_as_promised():
    with SAMPLE.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["set"] == "round2" and row["note"] == "labelled file"]
    pairs = {row["verdict"]: set() for row in rows} | {"wrong": set(), "missed": set()}
    for row in rows:
        pairs[row["verdict"]].add((row["repository"], row["path"], row["model_id"]))
    right = len(pairs["right"])
    assert right / (right + len(pairs["wrong"])) >= 0.97
    assert right / (right + len(pairs["missed"])) >= 0.97
