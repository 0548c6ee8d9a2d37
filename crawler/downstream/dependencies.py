"""The packages that a repository names: requirements, manifests and lock files of Python, Conda and npm.

They are parsed and never resolved: no index is asked, no included file is fetched, nothing is installed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_LONGEST, _MOST = 16 << 20, 20_000
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTIONS = re.compile(r"\s--?[a-z].*$")
_EGG = re.compile(r"[#&]egg=([\w.-]+)")
_CONDA = re.compile(r"^(?:[\w-]+::)?([\w.-]+)\s*(?:([=<>!~].*)|$)")
_POETRY = re.compile(r"\d+(\.\d+)*([a-z]+\d*)?")


class Dependency(msgspec.Struct, frozen=True):
    """A package that a file names; ``version`` where it is pinned or locked to one."""

    path: str
    ecosystem: str
    package: str
    specifier: str | None
    version: str | None
    locked: bool


Found = Iterator[tuple[str, str, str | None, str | None, bool]]


def named(files: Mapping[str, bytes]) -> list[Dependency]:
    """The packages that files name, each once a file, in the order of paths; what cannot be read names none."""
    found: dict[Dependency, None] = {}
    for path, data in sorted(files.items()):
        reader = _reader(path.rpartition("/")[2], path)
        if reader is None or len(data) > _LONGEST:
            continue
        try:
            for ecosystem, package, specifier, version, locked in reader(data.decode("utf-8-sig", "replace")):
                found[Dependency(path, ecosystem, package, specifier or None, version, locked)] = None
                if len(found) >= _MOST:
                    return list(found)
        except (ValueError, TypeError, AttributeError, RecursionError, yaml.YAMLError):
            continue
    return list(found)


def _reader(name: str, path: str) -> Callable[[str], Found] | None:
    if name in _READERS:
        return _READERS[name]
    if re.fullmatch(r"(requirements|constraints)[\w.-]*\.(txt|in)", name, re.IGNORECASE):
        return _requirements
    if path.split("/")[-2:-1] == ["requirements"] and name.endswith(".txt"):
        return _requirements
    return _conda if re.fullmatch(r"environment[\w.-]*\.ya?ml", name, re.IGNORECASE) else None


def _requirements(text: str) -> Found:
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        bare = _COMMENT.sub("", line).strip()
        if egg := _EGG.search(bare):
            yield "pypi", canonicalize_name(egg[1]), bare[:200], None, False
        elif bare and not bare.startswith("-"):
            yield from _requirement(_OPTIONS.sub("", bare))


def _requirement(text: object) -> Found:
    try:
        asked = Requirement(str(text))
    except InvalidRequirement:
        return
    specifier = str(asked.specifier) or (f"@ {asked.url}"[:200] if asked.url else "")
    yield "pypi", canonicalize_name(asked.name), specifier, _pinned(str(asked.specifier)), False


def _pinned(specifier: str) -> str | None:
    """The one version that a specifier allows."""
    found = re.fullmatch(r"={2,3}\s*([\w.!+-]+)", specifier)
    return found[1] if found else None


def _pyproject(text: str) -> Found:
    tree = tomllib.loads(text)
    project, poetry = tree.get("project", {}), tree.get("tool", {}).get("poetry", {})
    lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    lists += [group for group in tree.get("dependency-groups", {}).values() if isinstance(group, list)]
    for word in (word for group in lists for word in group if isinstance(word, str)):
        yield from _requirement(word)
    tables = [poetry.get("dependencies", {}), poetry.get("dev-dependencies", {})]
    tables += [group.get("dependencies", {}) for group in poetry.get("group", {}).values()]
    for table in tables:
        yield from _table(table)


def _table(table: Mapping[str, Any]) -> Found:
    """Poetry's and Pipenv's tables: a name, and a specifier or an object with one."""
    for name, value in table.items():
        written = value.get("version") if isinstance(value, dict) else value
        specifier = written if isinstance(written, str) and written != "*" else None
        if name.lower() != "python":
            # Poetry pins with a bare version, Pipenv with ==.
            bare = specifier if specifier and _POETRY.fullmatch(specifier) else _pinned(specifier or "")
            yield "pypi", canonicalize_name(name), specifier, bare, False


def _pipfile(text: str) -> Found:
    tree = tomllib.loads(text)
    for section in ("packages", "dev-packages"):
        yield from _table(tree.get(section, {}))


def _pipfile_lock(text: str) -> Found:
    tree = json.loads(text)
    for section in ("default", "develop"):
        for name, about in tree.get(section, {}).items():
            specifier = about.get("version") if isinstance(about, dict) else None
            yield "pypi", canonicalize_name(name), specifier, _pinned(specifier or ""), True


def _locked(text: str) -> Found:
    """Lock files of Poetry, uv, PDM and PEP 751: tables of packages with a version."""
    tree = tomllib.loads(text)
    for about in tree.get("package") or tree.get("packages") or ():
        source, version = about.get("source"), about.get("version")
        if isinstance(source, dict) and {"virtual", "editable"} & set(source):
            continue  # the project itself
        yield "pypi", canonicalize_name(about["name"]), f"=={version}" if version else None, version, True


def _setup_cfg(text: str) -> Found:
    inside = False
    for line in text.splitlines():
        if re.match(r"\S", line):
            inside = bool(re.match(r"install_requires\s*=", line))
            line = line.partition("=")[2] if inside else ""
        if inside and line.strip():
            yield from _requirement(line.strip())


def _conda(text: str) -> Found:
    tree = yaml.safe_load(text)
    for entry in tree.get("dependencies", ()):
        if isinstance(entry, dict):
            for word in entry.get("pip") or ():
                yield from _requirements(str(word))
        elif match := _CONDA.match(str(entry)):
            specifier = (match[2] or "").strip()
            # A single = is a beginning: numpy=1.26 is any 1.26.x, unless a build stands behind it.
            one = re.fullmatch(r"==\s*([\w.!+-]+)|=\s*([\w.!+-]+)=[\w.]+", specifier)
            version = (one[1] or one[2]) if one else None
            yield "conda", canonicalize_name(match[1]), specifier, version, False


def _package_json(text: str) -> Found:
    tree = json.loads(text)
    for section in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        for name, specifier in (tree.get(section) or {}).items():
            word = specifier if isinstance(specifier, str) else None
            exact = word if word and re.fullmatch(r"\d+\.\d+\.\d+[\w.+-]*", word) else None
            yield "npm", name, word, exact, False


def _package_lock(text: str) -> Found:
    tree = json.loads(text)
    for place, about in (tree.get("packages") or {}).items():
        name = place.rpartition("node_modules/")[2]
        if name and isinstance(about, dict) and isinstance(about.get("version"), str):
            yield "npm", name, about["version"], about["version"], True
    if not tree.get("packages"):
        for name, about in (tree.get("dependencies") or {}).items():
            yield "npm", name, about.get("version"), about.get("version"), True


_READERS: dict[str, Callable[[str], Found]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "Pipfile": _pipfile,
    "Pipfile.lock": _pipfile_lock,
    "poetry.lock": _locked,
    "uv.lock": _locked,
    "pdm.lock": _locked,
    "pylock.toml": _locked,
    "package.json": _package_json,
    "package-lock.json": _package_lock,
}
