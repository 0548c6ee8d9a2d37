"""Missing attributes, counted by hand on the small hub and on a real listing; the schema hub by hub on real hubs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from doors import hubcensus
from small_hub import shared_data

import analyses
from analyses import missing_attributes, uniform_schema
from analyses._base import Result
from warehouse.reader import Reader


def test_missing_over_all_tasks(reader: Reader) -> None:
    fields = analyses.run("missing_attributes", reader).table.set_index("field")
    assert {name: (int(row["missing"]), int(row["n"])) for name, row in fields.iterrows()} == {
        "licence": (2, 10), "library": (4, 10), "language": (9, 10), "dataset": (8, 10), "base model": (5, 10),
        "paper": (9, 10), "evaluation claim": (9, 10), "carbon": (9, 10), "card": (0, 1), "usage section": (1, 1),
        "training section": (0, 1), "limitations section": (1, 1),
    }  # fmt: skip
    assert ((fields["low"] <= fields["share"]) & (fields["share"] <= fields["high"])).all()


def test_missing_by_task(reader: Reader) -> None:
    cells = analyses.run("missing_attributes", reader).tables["cells"].set_index(["task", "field"])
    assert tuple(cells.loc[("text-generation", "licence"), ["missing", "n"]]) == (0, 2)
    assert tuple(cells.loc[("text-generation", "dataset"), ["missing", "n"]]) == (1, 2)
    assert tuple(cells.loc[("(no task)", "library"), ["missing", "n"]]) == (4, 6)
    whole = cells.groupby(level="field")[["missing", "n"]].sum()
    fields = analyses.run("missing_attributes", reader).table.set_index("field")
    assert (whole.sort_index() == fields[["missing", "n"]].sort_index()).all(axis=None)


def test_how_many_of_four_are_missing(reader: Reader) -> None:
    lacks = analyses.run("missing_attributes", reader).tables["missing"]
    # org/base has all four; org/child-same, joe/child-mit lack two; evil/plain one; the others three or four.
    assert dict(zip(lacks["missing"], lacks["models"], strict=True)) == {0: 1, 1: 1, 2: 2, 3: 4, 4: 2}
    assert lacks["n"].unique().tolist() == [10]


def test_unknown_is_not_missing(reader: Reader) -> None:
    """A listing without parameters or configuration says nothing of either."""
    fields = set(analyses.run("missing_attributes", reader).table["field"])
    assert {"parameters", "architecture"} <= set(missing_attributes.FIELDS) - fields


def test_published_stands_beside_with_why_it_cannot_be_compared(reader: Reader) -> None:
    published = analyses.run("missing_attributes", reader).published
    eighty = published.loc[published["published"] == 0.80]
    assert len(eighty) == 3 and eighty["ours"].is_monotonic_decreasing
    assert eighty["note"].str.contains("without a numerator").all()


HUBS = {"onnx-zoo": "onnx_model_zoo", "pytorch-hub": "pytorch_hub", "modelhub-ai": "modelhub_ai"}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The three small hubs of PTMTorrent from copies of them."""
    data = shared_data()
    if data is None:
        pytest.skip("the copies of hubs are not here; set HUBCENSUS_SHARED_DATA")
    home = tmp_path_factory.mktemp("ptmtorrent")
    for hub, name in HUBS.items():
        hubcensus(home, "crawl", hub, "--from", str(data.parent / "hubs" / f"{name}.tar.gz"))
    hubcensus(home, "load")
    with Reader(home / "warehouse.duckdb") as reader:
        return analyses.run("uniform_schema", reader)


@pytest.mark.shared
def test_rows_of_the_hubs_lists(schema: Result) -> None:
    packages = schema.tables["packages"].set_index("hub")
    assert packages.loc["onnx-zoo", "releases"] == 184 and packages.loc["pytorch-hub", "models"] == 52
    rows = schema.published.set_index("quantity")
    for hub in ("onnx-zoo", "pytorch-hub"):
        row = rows.loc[f"{hub}: rows of its list"]
        assert row["ours"] == row["published"]


@pytest.mark.shared
def test_fields_that_were_empty_before_are_filled(schema: Result) -> None:
    fill = schema.table.set_index(["hub", "field"])
    for hub in HUBS:
        assert fill.loc[(hub, "Datasets"), "before"] == 0 and fill.loc[(hub, "Datasets"), "share"] > 0.5
        for field in ("ModelHub", "ModelName", "ModelURL"):
            assert fill.loc[(hub, field), "share"] == 1
    for hub in ("pytorch-hub", "modelhub-ai"):
        assert fill.loc[(hub, "ModelTask"), "before"] == 0 and fill.loc[(hub, "ModelTask"), "share"] == 1
    assert fill.loc[("onnx-zoo", "ModelTask"), "before"] == fill.loc[("onnx-zoo", "ModelTask"), "share"] == 1
    assert set(fill.loc["onnx-zoo"].index) == set(uniform_schema.FIELDS) | set(uniform_schema.BEYOND)


def test_hubs_that_ptmtorrent_did_not_read_have_no_before(reader: Reader) -> None:
    fill = analyses.run("uniform_schema", reader).table.set_index(["hub", "field"])
    assert fill.loc[("huggingface", "Datasets"), "before"] == 0
    assert fill.loc[("huggingface", "ModelTask"), "before"] == fill.loc[("huggingface", "ModelTask"), "share"] == 0.4
    assert sum(uniform_schema.PACKAGES.values()) == 15_913


STUDIES = Path(os.environ.get("HUBCENSUS_STUDIES", "/nowhere")) / "ICSE-23-PTM-Artifact"


@pytest.mark.skipif(not STUDIES.is_dir(), reason="the artifact of ICSE'23 is not here; set HUBCENSUS_STUDIES")
def test_the_notebook_of_figure_6_sums_to_other_shares_than_the_figure() -> None:
    """81.50 % and 9.78 % where the figure says 82.1 and 9.4; the counts are those that the notebook prints."""
    import re

    from analyses.concentration import FIG6_COUNTS, FIG6_DATASETS

    text = (STUDIES / "data" / "data_cleaning.ipynb").read_text(encoding="utf-8")
    found = re.findall(r"'([^'\n]{1,80})': (\d{1,9})", text[: text.index("count = 0")])
    counts = {name: int(number) for name, number in found}
    assert {name.replace("None", "(none)"): number for name, number in counts.items()} == FIG6_COUNTS
    total = sum(FIG6_COUNTS.values())
    assert total == 69_853
    shares = {name: number / total for name, number in FIG6_COUNTS.items()}
    assert shares["(none)"] == pytest.approx(0.8150, abs=5e-5)
    assert shares["universal_dependencies"] == pytest.approx(0.0978, abs=5e-5)
    for name, published in FIG6_DATASETS.items():
        tolerance = 0.0075 if name in ("(none)", "universal_dependencies") else 0.0011
        assert shares[name] == pytest.approx(published, abs=tolerance), name
