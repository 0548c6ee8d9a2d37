"""Every claim of one checkpoint: what is loaded and run once serves all claims that need it."""

from __future__ import annotations

import hashlib
import json
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from landing.errors import OperationalError
from probe.claims import contamination, names, normalise, verdict
from probe.claims.datasets import Table, find, load
from probe.claims.estimates import Estimate, Sample
from probe.claims.loading import Loaded
from probe.claims.loading import load as load_checkpoint
from probe.claims.normalise import Metric, Stated, Unclear
from probe.claims.parse import Claim
from probe.claims.recipe import How, Outcomes, Recipe, choose, possible
from probe.claims.verdict import Basis, Judgement, Reading

#: Rows that are run twice to see whether the model gives the same again.
REPEATED = 8
#: A training split of more rows is not measured as an alternative.
MAX_ALTERNATIVE = 50_000
#: Configurations of a dataset that has only one.
USUAL = ("default", "plain_text", "")

Found = tuple[str, str | None, dict[str, list[Path]]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What :func:`probe.claims.verify` was told. ``unavailable``: why a dataset could not be fetched, by its id."""

    datasets: Path | None
    margin: float = verdict.MARGIN
    seed: int = 0
    limit: int | None = None
    device: str | None = None
    seconds: float | None = None
    unavailable: dict[str, tuple[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """One pass of the model over one split."""

    split: str
    how: How
    table: Table
    outcomes: Outcomes


class Session:
    """Claims of the checkpoint in ``folder``, one after the other."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.begun = time.monotonic()
        self._kept: dict[Any, Any] = {}

    def measure(self, claim: Claim) -> dict[str, Any]:
        """The measurement of one claim, with the keys of :class:`probe.examination.Examination.measurements`.

        Whatever goes wrong is a verdict with its reason. Raises OperationalError only, where an extra is missing.
        """
        told = base(claim)
        try:
            self._measure(claim, told)
        except Unclear as unclear:
            _write(told, verdict.cannot(unclear.code, unclear.reason))
        except ImportError as error:
            raise OperationalError('This needs the extra: pip install "hubcensus[probe]".') from error
        except OperationalError:
            raise
        except MemoryError:
            _write(told, verdict.cannot("TOO_LARGE", "out of memory"))
        except Exception as error:
            code = "TOO_LARGE" if type(error).__name__ == "OutOfMemoryError" else "LOAD_ERROR"
            text = "".join(c if c.isprintable() else " " for c in str(error).partition("\n")[0])
            _write(told, verdict.cannot(code, f"{type(error).__name__}: {text[:200]}"))
        return told

    def _measure(self, claim: Claim, told: dict[str, Any]) -> None:
        metric = normalise.metric(claim)
        stated = normalise.stated(claim.value_raw, metric)
        told["claimed"] = stated.value
        if self._late():
            raise Unclear("BUDGET", f"{self.settings.seconds:g} seconds were spent on earlier claims")
        task = normalise.task(claim.task)
        possible(task, metric)
        found = self._find(claim)
        recipe = choose(task, metric, self.loaded)
        runs, problem = self._runs(claim, recipe, metric, found)
        readings, sources = [], []
        for run in runs:
            for name, sample in recipe.readings(run.outcomes, metric):
                estimate = self._estimate(sample)
                if not math.isfinite(estimate.point):
                    problem = problem or Unclear("LOAD_ERROR", f"{metric} is not defined: the outputs do not vary")
                    continue
                readings.append(Reading(estimate, _protocol(run, name, stated_split=bool(claim.split))))
                sources.append(run)
        if not readings:
            raise problem or Unclear("NO_DATASET", "nothing could be measured")
        whole = all(len(run.table.rows) == run.table.total for run in runs)
        other = claim.config not in (None, found[1], *USUAL) and (found[0], claim.config) not in names.PARTS
        open_ = normalise.split(claim.split) is None or other
        basis: Basis = "unknown" if open_ else "exact" if whole else "sample"
        judged, reading = verdict.decide(
            stated,
            readings,
            chain(
                self._contradictions(recipe, metric, stated, runs, readings, whole),
                self._reruns(recipe, metric, found, runs, whole),
            ),
            metric,
            basis=basis,
            margin=self.settings.margin,
            total=runs[0].table.total,
            hints=self._contradictions(recipe, metric, stated, runs, readings, whole),
        )
        run = sources[readings.index(reading)]
        _write(told, judged)
        if other:
            told["protocol"] += f"; configuration {str(claim.config)[:60]!r} is claimed, the data here have none"
        if claim.revision:
            told["protocol"] += f"; revision {claim.revision[:40]} is claimed, not checked"
        estimate = reading.estimate
        told |= {
            "measured": estimate.point,
            "ci_low": estimate.low,
            "ci_high": estimate.high,
            "n": estimate.n,
            "basis": basis,
            "interval": estimate.method,
            "outputs_sha256": digest(run.outcomes.outputs),
            "contamination": self._contamination(recipe, found, run),
        }

    def _late(self) -> bool:
        seconds = self.settings.seconds
        return seconds is not None and time.monotonic() - self.begun > seconds

    @property
    def loaded(self) -> Loaded:
        """The checkpoint. Raises :class:`Unclear`, the same each time."""
        found: Loaded = self._once("checkpoint", lambda: load_checkpoint(self.folder, self.settings.device))
        return found

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of the checkpoint as loaded; empty where it was not."""
        kept = self._kept.get("checkpoint")
        return dict(kept.facts) if isinstance(kept, Loaded) else {}

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._kept:
            try:
                self._kept[key] = make()
            except Unclear as unclear:
                self._kept[key] = unclear
        if isinstance(self._kept[key], Unclear):
            raise self._kept[key]
        return self._kept[key]

    def _find(self, claim: Claim) -> Found:
        ids = normalise.datasets(claim.dataset or claim.dataset_name, claim.config)
        for name, _ in ids:
            if name in (self.settings.unavailable or {}):
                raise Unclear(*(self.settings.unavailable or {})[name])
        if self.settings.datasets is None:
            raise Unclear(
                "NO_DATASET", f"{ids[0][0] if ids else 'no dataset is named'}: no folder of datasets was given"
            )
        return find(self.settings.datasets, ids)

    def _runs(self, claim: Claim, recipe: Recipe, metric: Metric, found: Found) -> tuple[list[_Run], Unclear | None]:
        """The model over the split that the claim names, or over every held-out one where it names none."""
        stated = normalise.split(claim.split)
        splits = [stated] if stated else [name for name in ("test", "validation") if name in found[2]]
        if not splits:
            raise Unclear("SPLIT_UNKNOWN", f"the claim names no split; {found[0]} has {', '.join(sorted(found[2]))}")
        runs, problem = [], None
        for split in splits:
            for how in recipe.standard(self.loaded, metric):
                try:
                    runs.append(self._run(recipe, found, split, how))
                except Unclear as unclear:
                    problem = problem or unclear
        if not runs and problem:
            raise problem
        return runs, problem

    def _run(self, recipe: Recipe, found: Found, split: str, how: How) -> _Run:
        def make() -> _Run:
            table = self._table(found, split)
            outcomes = recipe.run(self.loaded, table, how)
            self._once(("repeated", recipe.name), lambda: self._repeat(recipe, table, how))
            return _Run(split, how, table, outcomes)

        run: _Run = self._once((recipe.name, *found[:2], split, how), make)
        return run

    def _repeat(self, recipe: Recipe, table: Table, how: How) -> bool:
        """Run a few rows twice. Raises :class:`Unclear` where the outputs differ."""
        few = replace(table, rows=table.rows[:REPEATED])
        try:
            twice = [recipe.run(self.loaded, few, how).outputs for _ in range(2)]
        except Unclear:
            return False
        if not all(map(_same, *twice)):
            raise Unclear("NONDETERMINISTIC", "the same rows gave other outputs the second time")
        return True

    def _table(self, found: Found, split: str) -> Table:
        settings = self.settings
        table: Table = self._once(
            ("table", *found[:2], split),
            lambda: load(settings.datasets or Path(), found, split, limit=settings.limit, seed=settings.seed),
        )
        return table

    def _estimate(self, sample: Sample) -> Estimate:
        with warnings.catch_warnings():
            # Of constants there is no correlation: that is said in words.
            warnings.simplefilter("ignore")
            return sample.estimate(self.settings.seed)

    def _contradictions(
        self, recipe: Recipe, metric: Metric, stated: Stated, runs: list[_Run], readings: list[Reading], whole: bool
    ) -> Iterator[Reading]:
        """The same outcomes under protocols that the claim contradicts: another unit, average, order of labels."""
        other = _other_unit(stated, metric)
        if other:
            said, instead = other
            yield from (replace(r, kind="unit", protocol=f"{said}; {r.protocol}", stated=instead) for r in readings)
        for run in runs:
            for alternative in recipe.contradictions(run.outcomes, metric):
                name = f"{alternative.name}; {_protocol(run)}"
                yield Reading(self._quick(alternative.sample, run, whole), name, alternative.kind)

    def _reruns(
        self, recipe: Recipe, metric: Metric, found: Found, runs: list[_Run], whole: bool
    ) -> Iterator[Reading]:
        """Protocols that need the model to run again: other splits, other preparations."""
        measured = {run.split for run in runs}
        more = [(split, run.how) for run in runs[:1] for split in found[2] if split not in measured]
        others = [(runs[0].split, how) for how in recipe.variants(self.loaded, runs[0].outcomes)]
        for split, how in more + others:
            if self._late():
                return
            try:
                if split not in measured and self._table(found, split).total > MAX_ALTERNATIVE:
                    continue
                run = self._run(recipe, found, split, how)
                pairs = recipe.readings(run.outcomes, metric)
            except Unclear:
                continue
            for name, sample in pairs:
                kind = "split" if split not in measured else how.kind
                yield Reading(self._quick(sample, run, whole), _protocol(run, name), kind)

    def _quick(self, sample: Sample, run: _Run, whole: bool) -> Estimate:
        """The value alone where only the printed digits count, with its interval where a part was measured."""
        if not whole:
            return self._estimate(sample)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = sample.value()
        n = len(run.table.rows)
        return Estimate(value, value, value, value, value, n, 1 / n, method="none")

    def _contamination(self, recipe: Recipe, found: Found, run: _Run) -> dict[str, Any] | None:
        if "train" not in found[2] or run.split == "train":
            return None

        def make() -> dict[str, Any] | None:
            try:
                train = load(self.settings.datasets or Path(), found, "train", limit=contamination.MAX_TRAIN)
                return contamination.overlap(recipe.inputs(train), recipe.inputs(run.table))
            except Unclear:
                return None

        result: dict[str, Any] | None = self._once(("overlap", recipe.name, *found[:2], run.split), make)
        return result


def _same(one: Any, other: Any) -> bool:
    """Whether two outputs are the same, numbers within what the order of summing on a GPU can change."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-5)
    return bool(one == other)


def base(claim: Claim | None) -> dict[str, Any]:
    """A measurement before anything was measured: what the claim says, as it was written."""
    words = ("ordinal", "task", "dataset", "config", "split", "metric", "value_raw", "evidence")
    told: dict[str, Any] = {word: getattr(claim, word, None) for word in words}
    keys = ("claimed", "measured", "ci_low", "ci_high", "n", "verdict", "reason", "gap", "p_value", "protocol")
    told |= dict.fromkeys((*keys, "contamination", "outputs_sha256"))
    if claim and claim.problems:
        told["problems"] = list(claim.problems)
    return told


def digest(outputs: list[Any]) -> str:
    """SHA-256 of per-example outputs, as JSON: equal outputs, equal hash."""
    return hashlib.sha256(json.dumps(outputs, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _write(told: dict[str, Any], judged: Judgement) -> None:
    told["verdict"], told["reason"], told["protocol"] = judged.verdict, judged.reason, judged.protocol or None
    for key in ("gap", "p_value"):
        value = getattr(judged, key)
        told[key] = value if value is not None and math.isfinite(value) else None


def _protocol(run: _Run, name: str = "", *, stated_split: bool = True) -> str:
    """A protocol in words."""
    part = "" if len(run.table.rows) == run.table.total else f" ({len(run.table.rows)} of {run.table.total} rows)"
    split = f"split {run.split}{'' if stated_split else ' (the claim names none)'}{part}"
    return "; ".join(word for word in (split, name, run.how.name, run.outcomes.note) if word)


def _other_unit(stated: Stated, metric: Metric) -> tuple[str, Stated] | None:
    """The claim with a fraction read as percent, or a share "in percent" that was a fraction."""
    if metric.name not in names.FRACTIONS | names.SIGNED:
        return None
    if stated.percent and abs(stated.value) <= 0.01:
        return "a fraction, not percent", _scaled(stated, 100)
    return None if stated.percent else ("percent, not a fraction", _scaled(stated, 0.01))


def _scaled(stated: Stated, factor: float) -> Stated:
    return Stated(stated.value * factor, stated.half * factor, stated.spread * factor, not stated.percent)
