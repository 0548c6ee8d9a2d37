"""Licences: texts, prose and the hub's own repair lists against what people found.

Nothing here is fetched. *Prose*: the cards under ``HUBCENSUS_SHARED_DATA`` whose front matter states a licence, with
the front matter hidden; rules were made on half of the ids, the other half is reported. *Repairs*: the two lists of
the hub's documentation (models without a licence, models with ``other``), against a census named by
``HUBCENSUS_LICENCE_HOME``. *Base models*: how often the nearest ancestor's licence is the one declared, in the same
census. *Texts*: where the package ``licensedcode`` (ScanCode) is installed or ``HUBCENSUS_LICENCE_TEXTS`` names its
folder of licence texts, ours on all of them.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib.util
import json
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from statsmodels.stats.proportion import proportion_confint

from benchmarks import measure

CARDS = ("2022-02-15_model_cards.jsonl.gz", "2024-11_model_cards_popular.jsonl.gz")
LISTS = ("hf_hacktoberfest_model_no_license.csv", "hf_hacktoberfest_model_license_other.csv")
#: What the lists call the licences that they name.
FOUND = {"llama-2-community-license": "LicenseRef-Llama-2", "llama-license": "LicenseRef-Llama-1"}
#: Texts of licences made for models, by ScanCode's key.
MODEL_TEXTS = {
    "bigcode-open-rail-m-v1": "LicenseRef-BigCode-OpenRAIL-M",
    "bigscience-open-rail-m": "LicenseRef-BigScience-OpenRAIL-M",
    "bigscience-open-rail-m2": "LicenseRef-OpenRAIL++-M",
    "bigscience-rail-1.0": "LicenseRef-BigScience-BLOOM-RAIL-1.0",
    "deepseek-la-1.0": "LicenseRef-DeepSeek",
    "exaone-ai-model-1.1-nc": "LicenseRef-EXAONE-NC",
    "fair-ai-public-1.0-sd": "LicenseRef-FAIPL-1.0-SD",
    "falcon-2-11b-1.0": "LicenseRef-Falcon-LLM",
    "flux-1-nc": "LicenseRef-FLUX-Dev-NC",
    "gemma-pup-2024-02-21": "LicenseRef-Gemma",
    "gemma-tou-2024-04-01": "LicenseRef-Gemma",
    "gemma-tou-2025-03-24": "LicenseRef-Gemma",
    "llama-2-license-2023": "LicenseRef-Llama-2",
    "llama-3.1-license-2024": "LicenseRef-Llama-3.1",
    "llama-3.2-license-2024": "LicenseRef-Llama-3.2",
    "llama-3.3-license-2024": "LicenseRef-Llama-3.3",
    "llama-4-cla-2025": "LicenseRef-Llama-4",
    "llama-4-license-2025": "LicenseRef-Llama-4",
    "llama-license-2023": "LicenseRef-Llama-1",
    "ms-research-license-terms": "LicenseRef-MSR",
    "nvidia-open-model-2025-04-28": "LicenseRef-NVIDIA-Open-Model",
    "openmdw-1.0": "LicenseRef-OpenMDW-1.0",
    "qwen-2024": "LicenseRef-Qwen",
    "stability-ai-community-2024": "LicenseRef-Stability-Community",
    "stability-ai-nc-2023-12-06": "LicenseRef-Stability-NC-Research",
    "stable-diffusion-2022-08-22": "LicenseRef-CreativeML-OpenRAIL-M",
    "tencent-hunyuan-3d-2.0-cla": "LicenseRef-Hunyuan",
    "tongyi-qianwen-2023": "LicenseRef-Qwen",
}


def main(full: bool) -> None:
    """Everything whose data is at hand."""
    table = measure.Table("licences")
    shared = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if all((shared / "hf" / name).is_file() for name in CARDS):
        _prose(table, shared / "hf")
    home = os.environ.get("HUBCENSUS_LICENCE_HOME")
    if home and (shared / "licenses" / LISTS[0]).is_file():
        _repairs(shared / "licenses", Path(home))
        _ancestors(Path(home))
    folder = _texts_folder()
    if folder is not None:
        _texts(table, folder)
    table.show()


def _rate(hits: int, of: int) -> str:
    if not of:
        return "0/0"
    low, high = proportion_confint(hits, of, method="wilson")
    return f"{hits}/{of} = {hits / of:.3f} [{low:.3f}, {high:.3f}]"


def same(one: str, other: str) -> bool:
    """Whether two ids do not contradict each other, as ``mart.model_licence`` has it."""
    a, b = (re.sub(r"^LicenseRef-|-only$|-or-later$", "", name) for name in (one, other))
    for short, long in ((a, b), (b, a)):
        rest = long.removeprefix(f"{short}-")
        if short == long or (rest != long and (short == "CC" or rest[:1].isdigit())):
            return True
        if (short == "OpenRAIL" and short in long) or (short == "NonCommercial" and "-NC" in long):
            return True
    return False


def _hidden(folder: Path) -> Iterator[tuple[str, str, str, list[str]]]:
    """(set of cards, model, card, licences of its front matter) of the half that no rule was made on."""
    from crawler.frontmatter import read_yaml, split
    from warehouse.licences import understand

    for name in CARDS:
        with gzip.open(folder / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if int(hashlib.sha256(record["modelId"].encode()).hexdigest(), 16) % 2 == 0:
                    continue
                card = record["readme"] or ""
                matter, _ = split(card.replace("\r\n", "\n"))
                front = read_yaml(matter)[0] if matter else None
                said: Any = front.get("license") if isinstance(front, dict) else None
                words = [one.lower() for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)]
                meant = [understand(word) for word in words if word not in ("other", "unknown")]
                if truth := [one[0] for one in meant if one[3] != "none"]:
                    yield name[:7], record["modelId"], card, truth


def _prose(table: measure.Table, folder: Path) -> None:
    from warehouse.licence_prose import mentions

    counts: dict[str, Counter[str]] = defaultdict(Counter)
    forms: dict[tuple[str, float], Counter[bool]] = defaultdict(Counter)
    failures: list[str] = []
    start = time.process_time()
    for group, model, card, truth in _hidden(folder):
        found = mentions(card)
        counts[group]["cards"] += 1
        for one in found:
            forms[one.how, one.confidence][any(same(one.licence, name) for name in truth)] += 1
        sure = [one for one in found if one.confidence >= 0.5]
        if sure:
            best = max(sure, key=lambda one: one.confidence)
            right = any(same(best.licence, name) for name in truth)
            counts[group]["found"] += 1
            counts[group]["right"] += right
            if not right:
                failures.append(f"{model}: {truth[0]}, prose ({best.how}): {best.licence}")
    cards = sum(count["cards"] for count in counts.values())
    print(
        f"\nFront matter hidden, test half, {cards} cards, {1000 * (time.process_time() - start) / cards:.2f} ms a card"
    )
    for group, count in sorted(counts.items()):
        print(
            f"  {group}: precision {_rate(count['right'], count['found'])}, recall {_rate(count['right'], count['cards'])}"
        )
    for (how, confidence), verdicts in sorted(forms.items()):
        print(f"  {how} ({confidence}): {_rate(verdicts[True], verdicts.total())}")
    print(*(f"  differs: {line}" for line in sorted(failures)), sep="\n")
    good, every = (sum(count[key] for count in counts.values()) for key in ("right", "found"))
    table.promise("precision of prose", good / every, 0.85, at_least=True)


def _repairs(folder: Path, home: Path) -> None:
    from warehouse.reader import Reader

    with Reader(home / "warehouse.duckdb") as reader:
        for name in LISTS:
            with (folder / name).open(encoding="utf-8") as lines:
                rows = list(csv.DictReader(lines))
            named = {
                row["model_id"].partition("]")[0].lstrip("["): FOUND.get(row["suggested_license_name"])
                for row in rows
            }
            seen = {
                row[0]: row[1:]
                for row in reader.rows(
                    """
                    SELECT l.model_id, l.licence, l.basis, l.recovered, m.card_id IS NOT NULL
                    FROM mart.model_licence l JOIN mart.model m ON m.model_key = l.model_key
                    WHERE l.hub = 'huggingface' AND l.model_id IN (SELECT unnest($1))
                    """,
                    [list(named)],
                )
            }
            _show_repairs(name, named, seen)


def _show_repairs(name: str, named: dict[str, str | None], seen: dict[str, tuple[Any, ...]]) -> None:
    present = {model: truth for model, truth in named.items() if model in seen}
    scored = {model: truth for model, truth in present.items() if truth}
    print(
        f"\n{name}: {len(named)} models, {len(present)} in the census, {len(scored)} of these with a licence that the list names"
    )
    later = [
        model
        for model in scored
        if not seen[model][2] and seen[model][0] not in (None, "LicenseRef-other", "LicenseRef-unknown")
    ]
    print(
        f"  declared since then (a later tag): {len(later)}, right {_rate(sum(same(seen[m][0], scored[m] or '') for m in later), len(later))}"
    )
    rest = [model for model in scored if model not in later]
    for what, models in (
        ("with a card here", [model for model in rest if seen[model][3]]),
        ("without a card here", [model for model in rest if not seen[model][3]]),
    ):
        limited = [model for model in models if seen[model][2] and seen[model][0] == "LicenseRef-NonCommercial"]
        found = [model for model in models if seen[model][2] and model not in limited]
        right = [model for model in found if same(seen[model][0], scored[model] or "")]
        print(
            f"  {what}: {len(models)}; precision {_rate(len(right), len(found))}, recall {_rate(len(right), len(models))}"
        )
        print(f"    only that it is some non-commercial licence: {len(limited)} {limited}")
        print(f"    by {dict(Counter(seen[model][1] for model in right))}")
        print(
            *(f"    differs: {m}: {scored[m]}, {seen[m][1]}: {seen[m][0]}" for m in sorted(set(found) - set(right))),
            sep="\n",
        )
    more = [model for model in present if model not in scored and seen[model][2]]
    print(
        f"  of {len(present) - len(scored)} that the list does not name, recovered: {len(more)} {dict(Counter(seen[m][0] for m in more))}"
    )


def _ancestors(home: Path) -> None:
    """Of models that declare a licence: how often the nearest ancestor with a licence has the same."""
    from warehouse.reader import Reader

    with Reader(home / "warehouse.duckdb") as reader:
        rows = reader.rows(
            """
            SELECT l.licence, e.licence, split_part(e.detail, ', ', 2), count(*)
            FROM mart.licence_evidence e
            JOIN mart.model_licence l ON l.model_key = e.model_key AND l.basis IN ('tag', 'front matter')
            WHERE e.kind = 'base model' AND e.licence NOT IN ('LicenseRef-other', 'LicenseRef-unknown')
                AND l.licence NOT IN ('LicenseRef-other', 'LicenseRef-unknown')
            GROUP BY ALL
            """
        )
    steps: dict[str, Counter[bool]] = defaultdict(Counter)
    for own, inherited, far, count in rows:
        steps[far][same(own, inherited)] += count
    print("\nDeclared licence is that of the nearest ancestor with one, by distance")
    print(
        *(f"  {far}: {_rate(verdicts[True], verdicts.total())}" for far, verdicts in sorted(steps.items())), sep="\n"
    )


def _texts_folder() -> Path | None:
    named = os.environ.get("HUBCENSUS_LICENCE_TEXTS")
    if named:
        return Path(named)
    found = importlib.util.find_spec("licensedcode")
    folder = Path(found.origin or "").parent / "data" / "licenses" if found else None
    return folder if folder and folder.is_dir() else None


def _texts(table: measure.Table, folder: Path) -> None:
    """Ours on the texts of ScanCode's index, which nothing here was made from."""
    from crawler import licence_text
    from crawler.licence_titles import TITLES

    ours = {licence for licence, _ in TITLES} | {licence_text.spdx(name) for name in licence_text.library()}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: list[str] = []
    start = time.process_time()
    for key, about, text in _scancode(folder):
        spdx = re.search(r"^spdx_license_key: (\S+)", about, re.MULTILINE)
        truth = MODEL_TEXTS.get(key, spdx[1] if spdx and spdx[1] in ours else None)
        group = "licences made for models" if key in MODEL_TEXTS else "in our vocabulary" if truth else "foreign"
        found = licence_text.identify(text)
        first = found[0].licence if found else None
        verdict = "none" if first is None else "right" if truth and same(first, truth) else "other"
        counts[group][verdict] += 1
        counts[group]["sure"] += bool(found) and verdict == "other" and found[0].score >= 0.9
        if verdict == "other" and group != "foreign":
            wrong.append(f"{key}: {truth}, {first}")
    texts = sum(count["none"] + count["right"] + count["other"] for count in counts.values())
    print(f"\nTexts of ScanCode's index: {texts}, {1000 * (time.process_time() - start) / texts:.1f} ms a text")
    for group, count in counts.items():
        every = count["none"] + count["right"] + count["other"]
        if group == "foreign":
            print(
                f"  foreign: nothing said of {_rate(count['none'], every)}, a near licence with a score of 0.9 or more {_rate(count['sure'], every)}"
            )
        else:
            print(f"  {group}: right {_rate(count['right'], every)}, nothing said {count['none']}")
    print(*(f"  wrong: {line}" for line in wrong), sep="\n")
    made = counts["licences made for models"]
    table.promise("recall of texts made for models", made["right"] / len(MODEL_TEXTS), 0.9, at_least=True)


def _scancode(folder: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.glob("*.LICENSE")):
        parts = path.read_text(encoding="utf-8", errors="replace").split("---\n", 2)
        if (
            len(parts) == 3
            and len(parts[2]) >= 200
            and not re.search(r"^is_(?:generic|exception|deprecated|unknown): yes", parts[1], re.MULTILINE)
        ):
            yield path.stem, parts[1], parts[2]
