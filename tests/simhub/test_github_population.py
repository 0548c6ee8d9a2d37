"""The population of the synthetic forge: what is said to be true of it can be seen in its files."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import warnings
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
import yaml

from simhub.github import _compose, _surroundings
from simhub.github._dependencies import normal
from simhub.github._models import MODELS
from simhub.github.idioms import DECOYS, IDIOMS
from simhub.github.population import HOSTILE_ARCHIVES, invent, truth_usages
from simhub.github.repository import Repository, Usage

COUNT = 2_000
BROKEN = {"python_2", "broken_python", "merge_conflict"}


@pytest.fixture(scope="module")
def drawn() -> set[str]:
    return set()


@pytest.fixture(scope="module")
def forge(drawn: set[str]) -> list[Repository]:
    """A population; the names of the idioms in it are noted on the way."""
    plain = _compose.Folder.idioms

    def noting(self, listed):
        listed = list(listed)
        drawn.update(idiom.name for idiom in listed)
        plain(self, listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_compose.Folder, "idioms", noting)
        return invent(COUNT)


def fingerprint(repositories: list[Repository]) -> str:
    total = hashlib.sha256()
    for one in repositories:
        total.update(repr(one).encode("utf-8", "backslashreplace"))
        for path, body in one.files.items():
            total.update(path.encode() + b"\0" + body)
    return total.hexdigest()


def alone(idiom) -> Repository:
    """A repository of one idiom and nothing else."""
    folder = _compose.Folder("some", "thing", _compose.Chosen(MODELS), Random(5))
    folder.idioms([idiom])
    return Repository("some", "thing", files=folder.files, usages=tuple(folder.usages))


def source_of(one: Repository, usage: Usage) -> str:
    """The file, or the cell of the notebook, that a usage stands in."""
    body = one.files[usage.path]
    if usage.cell is not None:
        cell = json.loads(body)["cells"][usage.cell]
        assert cell["cell_type"] == "code", usage
        return "".join(cell["source"])
    return body.decode("latin-1" if b"coding: latin-1" in body[:40] else "utf-8-sig")


def calls_begin_at(source: str) -> set[int] | None:
    """The lines on which a call begins; None for what is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(re.sub(r"^[%!].*", "pass", source, flags=re.MULTILINE))
    except SyntaxError:
        return None
    return {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_the_same_seed_is_the_same_forge(forge):
    assert fingerprint(invent(COUNT)) == fingerprint(forge)
    assert fingerprint(invent(50, 1)) != fingerprint(invent(50, 2))
    program = "from tests.simhub.test_github_population import *; print(fingerprint(invent(120, 3)))"
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": root}
    other = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=root, capture_output=True, check=True
    )
    assert other.stdout.decode().strip() == fingerprint(invent(120, 3))


def test_every_idiom_and_decoy_appears(forge, drawn):
    names = [idiom.name for idiom in (*IDIOMS, *DECOYS)]
    assert len(set(names)) == len(names) and len(IDIOMS) >= 140 and len(DECOYS) >= 30
    assert drawn == set(names)
    assert not any(idiom.decoy for idiom in IDIOMS) and all(idiom.decoy for idiom in DECOYS)


@pytest.mark.parametrize("idiom", (*IDIOMS, *DECOYS), ids=lambda idiom: idiom.name)
def test_what_an_idiom_writes_can_be_read(idiom):
    one = alone(idiom)
    assert bool(one.usages) != idiom.decoy
    for path, body in one.files.items():
        assert b"#= " not in body and not re.search(
            rb"<(?:[a-dn-rw]|dir|dotted|sha|spacy|vision)(?:\.\w+)?>", body
        ), path
        if path.endswith(".py") and idiom.name not in BROKEN:
            ast.parse(body)
        elif path.endswith(".ipynb"):
            assert json.loads(body)["nbformat"] == 4
        elif path.endswith((".yaml", ".yml")):
            assert list(yaml.safe_load_all(body))
        elif path.endswith(".toml"):
            assert tomllib.loads(body.decode())
        elif path.endswith(".json"):
            assert json.loads(body)


def test_the_lines_of_the_truth_hold_the_id_or_the_call(forge):
    """The line names the model, or a call begins there and the model is named somewhere in the repository."""
    by_call = 0
    for one in forge:
        for usage in one.usages:
            source = source_of(one, usage)
            line = source.split("\n")[usage.line - 1]
            halves = re.split(r"[/:]", usage.model_id)
            if halves[-1] in line:
                continue
            by_call += 1
            begins = calls_begin_at(source)
            assert usage.line in begins if begins is not None else "pipeline(" in line, (one.full_name, usage, line)
            everything = b"".join(one.files.values())
            assert all(half.encode() in everything for half in halves if half != "sentence-transformers"), usage
    assert 0.1 < by_call / sum(len(one.usages) for one in forge) < 0.7


def test_ids_are_those_of_the_hub_and_the_first_are_used_most():
    models = [f"maker-{number % 7}/net-{number}" for number in range(60)]
    made = invent(300, 1, models)
    used = Counter(usage.model_id for one in made for usage in one.usages if usage.hub == "huggingface")
    pools = {"gpt2", "bert-base-uncased", "roberta-base", "t5-small", "distilbert-base-uncased"}
    others = {model for model in used if model not in models and model not in pools}
    assert all(re.match(r"sentence-transformers/|maker-\d/extra-\w+$", model) for model in others), others
    assert used[models[0]] > 4 * used[models[20]] > 0
    with pytest.raises(ValueError, match="owner"):
        invent(1, 0, ["gpt2"])


def test_hubs_revisions_flags_and_cells_are_there(forge):
    usages = [usage for one in forge for usage in one.usages]
    assert {"huggingface", "timm", "torchvision", "pytorch-hub", "spacy", "ollama"} <= {usage.hub for usage in usages}
    assert {"trust_remote_code", "not_weights_only", "trust_repo"} == {
        flag for usage in usages for flag in usage.flags
    }
    assert sum(usage.revision is not None for usage in usages) > 50
    assert sum(usage.cell is not None for usage in usages) > 500
    assert all((usage.cell is not None) == usage.path.endswith(".ipynb") for usage in usages)


def test_states_and_shares(forge):
    states = Counter(one.state for one in forge)
    assert states == {"there": 1960, "gone": 20, "empty": 10, "blocked": 10}
    assert all(not one.files and not one.usages for one in forge if one.state == "empty")
    assert sum(one.fork for one in forge) == 100 and sum(bool(one.former) for one in forge) == 20
    assert 0.02 < sum(one.archived for one in forge) / COUNT < 0.04
    assert 0.28 < sum(not one.usages for one in forge) / COUNT < 0.4
    assert Counter(kind for one in forge for kind in one.hostile).keys() == set(HOSTILE_ARCHIVES)
    assert set(HOSTILE_ARCHIVES) == {kind for one in invent(300, 9) for kind in one.hostile}
    assert sum(120 <= one.issues <= 250 for one in forge) >= 20 and sum(one.issues <= 30 for one in forge) > 1_900


def test_names_are_unique_and_owners_have_many(forge):
    names = [one.full_name.lower() for one in forge]
    former = [name.lower() for one in forge for name in one.former]
    assert len({*names, *former}) == len(names) + len(former)
    assert all(re.fullmatch(r"[A-Za-z0-9](-?[A-Za-z0-9])*/[\w.-]+", one.full_name) for one in forge)
    kinds = {(one.owner, one.organisation) for one in forge}
    assert len(kinds) == len({owner for owner, _ in kinds})
    assert max(Counter(one.owner for one in forge if one.organisation).values()) > 20


def test_forks_are_copies_of_something(forge):
    whole = {frozenset(one.usages) for one in forge if not one.fork}
    assert all(frozenset(one.usages) in whole for one in forge if one.fork)


def test_times_and_numbers_are_plausible(forge):
    for one in forge:
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", one.created_at)
        assert "2018" < one.created_at <= one.pushed_at < "2026-01-01T00:00:00Z", one.full_name
    stars = sorted(one.stars for one in forge)
    assert stars[COUNT // 2] <= 5 and stars[-1] > 200 and min(one.forks for one in forge) == 0


def test_files_of_every_size_and_kind(forge):
    assert max(len(one.files) for one in forge) > 300
    large = [one for one in forge if any(len(body) > _surroundings.SEARCHED for body in one.files.values())]
    assert 3 <= len(large) <= 40
    assert any(len(one.files[usage.path]) > _surroundings.SEARCHED for one in large for usage in one.usages)
    paths = {path for one in forge for path in one.files}
    assert {".gitattributes", ".gitmodules", "setup.py", "weights/model.bin", "docs/说明.md"} <= paths
    assert all(".." not in path.split("/") and not path.startswith("/") for path in paths)
    assert all(len({path.lower() for path in one.files}) == len(one.files) for one in forge)


def test_licences_are_what_the_files_say(forge):
    marks = {
        "MIT": b"MIT License",
        "Apache-2.0": b"Apache License",
        "GPL-3.0": b"GNU GENERAL",
        "BSD-3-Clause": b"BSD 3-Cl",
    }
    for one in forge:
        bodies = [body for path, body in one.files.items() if path.startswith(("LICENSE", "LICENCE"))]
        assert bool(bodies) == (one.licence is not None), one.full_name
        if bodies:
            found = {spdx for spdx, mark in marks.items() if any(mark in body for body in bodies)}
            assert one.licence in (found or {"NOASSERTION"})
    assert 0.4 < sum(one.licence is None for one in forge) / COUNT < 0.5
    assert any("LICENSE-MIT" in one.files and "LICENSE-APACHE" in one.files for one in forge)


def stated(path: str, body: bytes) -> dict[str, str | None]:
    """What a file says of packages, read in another way than it was written."""
    if path == "package.json":
        read = json.loads(body)
        both = {**read["dependencies"], **read["devDependencies"]}
        return {name: version if version[0].isdigit() else None for name, version in both.items()}
    if path == "Pipfile.lock":
        read = json.loads(body)
        return {name: about["version"][2:] for name, about in {**read["default"], **read["develop"]}.items()}
    if path in ("poetry.lock", "uv.lock"):
        packages = tomllib.loads(body.decode())["package"]
        return {about["name"]: about["version"] for about in packages if "virtual" not in about.get("source", {})}
    if path == "environment.yml":
        listed = yaml.safe_load(body)["dependencies"]
        conda = {normal(entry.split("=")[0]): None for entry in listed if isinstance(entry, str)}
        pip = [entry for part in listed if isinstance(part, dict) for entry in part["pip"]]
        return {name: version for name, version in conda.items() if name not in ("python", "pip")} | asked(pip)
    if path == "pyproject.toml":
        read = tomllib.loads(body.decode())
        if "project" in read:
            return asked([*read["project"]["dependencies"], *read["project"]["optional-dependencies"]["dev"]])
        poetry = read["tool"]["poetry"]
        both = {**poetry["dependencies"], **poetry["group"]["dev"]["dependencies"]}
        return {normal(n): v[2:] if v.startswith("==") else None for n, v in both.items() if n != "python"}
    lines = (line.partition("#")[0].strip() for line in body.decode().replace("\\\n", "").splitlines())
    return asked([line for line in lines if line and not line.startswith("-")])


def asked(lines: list[str]) -> dict[str, str | None]:
    found = {}
    for line in lines:
        name, version = re.match(r"([\w.-]+)(?:\[\w+\])?(?:\s*==\s*([^\s;]+))?", line).groups()
        found[normal(name)] = version
    return found


def test_dependencies_are_what_the_files_say(forge):
    kinds = {"requirements.txt", "pyproject.toml", "environment.yml", "poetry.lock", "uv.lock", "Pipfile.lock"}
    kinds.add("package.json")
    seen = Counter()
    for one in forge:
        assert kinds & one.files.keys() == {needed.path for needed in one.dependencies}, one.full_name
        for path in kinds & one.files.keys():
            truth = {needed.package: needed.version for needed in one.dependencies if needed.path == path}
            assert stated(path, one.files[path]) == truth, (one.full_name, path)
            seen[path] += 1
            assert all(name == (name if path == "package.json" else normal(name)) for name in truth)
    assert seen.keys() == kinds and min(seen.values()) > 20


def test_the_truth_leaves_out_what_cannot_be_had(forge):
    there = next(one for one in forge if one.usages and not one.hostile and one.state == "there")
    triples = {(there.full_name, usage.path, usage.model_id) for usage in there.usages}
    assert truth_usages([there]) == triples
    assert truth_usages([replace(there, state="gone")]) == set() == truth_usages([replace(there, state="blocked")])
    bomb = replace(there, hostile=("bomb",))
    assert truth_usages([bomb]) == triples == truth_usages([bomb], frozenset({"links"}))
    assert truth_usages([bomb], frozenset({"bomb"})) == set()
    assert len(truth_usages(forge)) > 5_000
