"""The availability of metadata is the share of models with a read card that state it."""

from __future__ import annotations

from doors import hubcensus
from dumps import APACHE, MIT, PLAIN, landed
from talker import talking, values

CARDS = {"lab/net": MIT, "joe/copy": MIT, "lab/other": APACHE, "lab/plain": PLAIN}


def answer(home):
    told = hubcensus(home, "analyze", "metadata_availability")
    return told["results"][0] if "results" in told else told[0] if isinstance(told, list) else told


def test_a_field_is_stated_by_the_models_whose_card_states_it(tmp_path):
    landed(tmp_path, CARDS)
    hubcensus(tmp_path, "load")
    assert "cards understand" in str(answer(tmp_path)["statement"]), "it says what it needs"
    hubcensus(tmp_path, "cards", "understand")
    hubcensus(tmp_path, "load")
    told = answer(tmp_path)
    fields = {row["field"]: row for row in told["tables"]["fields"]}
    assert {row["n"] for row in fields.values()} == {4} and len(fields) == 20
    assert (fields["licence"]["models"], fields["licence"]["share"]) == (3, 0.75)
    assert fields["licence"]["low"] < 0.75 < fields["licence"]["high"]
    assert (fields["dataset"]["models"], fields["parameter_count"]["models"], fields["carbon"]["models"]) == (2, 2, 0)
    assert fields["licence"]["in_front"] == 3 and fields["parameter_count"]["in_front"] == 0
    published = {row["quantity"]: row for row in told["published"]}
    assert published["license"]["published"] == 0.7801 and published["license"]["ours"] == 0.75


def test_cards_that_were_not_read_are_not_counted(tmp_path):
    landed(tmp_path, CARDS)
    hubcensus(tmp_path, "cards", "understand", "--limit", "1")
    hubcensus(tmp_path, "load")
    fields = {row["field"]: row for row in answer(tmp_path)["tables"]["fields"]}
    assert fields["licence"]["n"] == 2, "one content, two models"


def test_a_language_model_fills_a_table_of_its_own_and_no_share(tmp_path):
    landed(tmp_path, {"lab/net": MIT})
    reply = values(("licence", "MIT", "license: mit"), ("hardware", {"name": "A100"}, "A model"))
    with talking(lambda *_: reply) as talker:
        hubcensus(tmp_path, "cards", "understand", "--llm", talker.url, "--llm-model", "m")
    hubcensus(tmp_path, "load")
    told = answer(tmp_path)
    fields = {row["field"]: row["models"] for row in told["tables"]["fields"]}
    assert fields["hardware"] == 0
    beside = {row["field"]: (row["cards"], row["agreeing"]) for row in told["tables"]["language model"]}
    assert beside == {"licence": (1, 1), "hardware": (1, 0)}
