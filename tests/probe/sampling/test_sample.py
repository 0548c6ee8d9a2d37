"""A sample is a function of frame, size and seed; its probabilities are true; its intervals cover."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing import UsageError
from probe.sample import Sampled, band, draw, estimate

WORDS = st.sampled_from([None, "text-classification", "fill-mask", "image-classification"])
ROWS = st.lists(
    st.tuples(st.integers(0, 10**7) | st.none(), WORDS, st.sampled_from(["transformers", "timm"]), WORDS), min_size=1
)


def frame(rows):
    return [
        {
            "hub": "h",
            "model_id": f"o/m{number}",
            "revision": f"{number:040x}",
            "downloads": downloads,
            "task": task,
            "library": library,
            "format": form,
        }
        for number, (downloads, task, library, form) in enumerate(rows)
    ]


def skewed(count, seed=1):
    rng = random.Random(seed)
    tasks, libraries, forms = ["a", "b", "c", None], ["x", "y", "z"], ["safetensors", "pickled", "gguf"]
    return frame(
        [
            (int(10 ** rng.uniform(0, 6)) - 1, rng.choice(tasks), rng.choice(libraries), rng.choice(forms))
            for _ in range(count)
        ]
    )


@given(ROWS, st.integers(1, 60), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_the_probabilities_are_those_of_the_strata(rows, size, seed):
    models = frame(rows)
    drawn = draw(lambda: models, size, seed)
    assert len({one.model_id for one in drawn}) == len(drawn)
    assert min(size, len(models)) <= len(drawn) <= max(size, 8)
    by_stratum = Counter(one.stratum for one in drawn)
    for one in drawn:
        assert (
            one.stratum_drawn == by_stratum[one.stratum] and one.probability == one.stratum_drawn / one.stratum_models
        )
    # The weights add up to the hub: no model is without a chance.
    assert sum(1 / one.probability for one in drawn) == pytest.approx(len(models))


def test_the_order_of_the_frame_does_not_matter_and_the_seed_does():
    models = skewed(500)
    shuffled = models[:]
    random.Random(3).shuffle(shuffled)
    assert draw(lambda: models, 40, 7) == draw(lambda: shuffled, 40, 7)
    assert {one.model_id for one in draw(lambda: models, 40, 8)} != {
        one.model_id for one in draw(lambda: models, 40, 7)
    }


def test_popular_models_are_drawn_more_often():
    models = skewed(4000)
    drawn = draw(lambda: models, 200, 0)
    have = {row["model_id"]: row["downloads"] for row in models}
    often = [one.probability for one in drawn if have[one.model_id] >= 100_000]
    seldom = [one.probability for one in drawn if have[one.model_id] < 100]
    assert sum(often) / len(often) > 1.5 * sum(seldom) / len(seldom)


def test_intervals_cover_a_rate_that_depends_on_popularity():
    models = skewed(1500)
    true = {row["model_id"]: row["downloads"] > 2000 and row["library"] == "x" for row in models}
    rate = sum(true.values()) / len(true)
    covered = 0
    for seed in range(150):
        drawn = draw(lambda: models, 120, seed)
        found = estimate([true[one.model_id] for one in drawn], drawn)
        covered += found.low <= rate <= found.high
    assert covered / 150 >= 0.9


def test_nothing_found_is_not_nothing_there():
    models = skewed(1000)
    drawn = draw(lambda: models, 50, 0)
    none = estimate([False] * len(drawn), drawn)
    assert none.value == none.low == 0 and 0.02 < none.high < 0.4


def test_a_census_has_no_sampling_error():
    models = skewed(30)
    drawn = draw(lambda: models, 30, 0)
    hits = [number % 3 == 0 for number in range(len(drawn))]
    found = estimate(hits, drawn)
    assert found.low == found.value == found.high == pytest.approx(sum(hits) / 30)


def test_what_was_asked_for_is_no_part_of_an_estimate():
    drawn = [Sampled("h", "a", "1", "0", 0.5, 4, 2), Sampled("h", "b", "1", "", 1.0, 1, 1, role="certain")]
    assert estimate([False, True], drawn).value == 0


def test_an_empty_hub_is_said():
    with pytest.raises(UsageError, match="no model to draw from"):
        draw(lambda: [], 10)


@pytest.mark.parametrize(
    ("downloads", "name"), [(None, "0"), (0, "0"), (9, "1-9"), (10, "10-99"), (10**9, "1M and more")]
)
def test_bands_are_decades(downloads, name):
    assert band(downloads) == name
