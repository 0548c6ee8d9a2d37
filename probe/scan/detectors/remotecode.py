"""Configurations that ask their loader to fetch and run code: ``auto_map`` and its kin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers import words
from probe.scan.readers.callables import judge
from probe.scan.readers.text import UNREADABLE, Look, look, objects

_WORDS = (
    b"auto_map",
    b"custom_pipelines",
    b"trust_remote_code",
    b"auto_mapping",
    b"_class_name",
    b"attn_implementation",
    b"custom_generate",
    b'"idx"',
)
_REFERENCE = re.compile(r"(?:[\w.-]+(?:/[\w.-]+)?--)?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z")
_COMPONENT = re.compile(r"[a-z_][\w.]*\Z")
_AFTER_WORD = re.compile(rb'"(auto_map|custom_pipelines)"\s*:\s*[{\["]')
_LIBRARIES = words(
    "diffusers transformers optimum onnxruntime peft k_diffusion stable_diffusion torch safetensors accelerate "
    "stable_diffusion_xl latent_diffusion latent_diffusion_uncond paint_by_example deepfloyd_if kandinsky "
    "kandinsky2_2 kandinsky3 wuerstchen stable_cascade audioldm audioldm2 unidiffuser shap_e alt_diffusion "
    "semantic_stable_diffusion stable_diffusion_safe versatile_diffusion unclip dit ddim ddpm pndm score_sde_ve "
    "repaint blip_diffusion musicldm pixart_alpha hunyuandit stable_audio flux cogvideo ltx mochi aura_flow "
    "lumina sana cogview3 cogview4 omnigen consisid allegro latte latent_consistency_models controlnet pag "
    "animatediff i2vgen_xl stable_video_diffusion text_to_video_synthesis ledits_pp marigold spectrogram_diffusion "
    "stable_diffusion_3 wan hidream_image chroma qwenimage cosmos hunyuan_video skyreels_v2 visualcloze bria "
    "spacy_rnn onnxruntime.training transformers.models diffusers.pipelines"
)


class RemoteCode(Detector):
    """JSON configurations of transformers, diffusers, PEFT and sentence-transformers."""

    name = "remote-code"
    is_format = False
    rules = rules(
        Rule(
            "remote-code",
            Severity.SUSPICIOUS,
            "configuration names code of the repository to run",
            "auto_map, custom_pipelines, custom modules: loading with trust_remote_code runs this code.",
        ),
        Rule(
            "remote-code-elsewhere",
            Severity.SUSPICIOUS,
            "configuration names code of another repository to run",
            "The code is fetched from elsewhere and may change while this repository's revision stays.",
        ),
        Rule(
            "remote-code-reference",
            Severity.DANGEROUS,
            "code reference that is no class of a module",
            "Paths that climb, addresses, or members of Python's own modules that reach the system.",
        ),
        Rule("remote-code-unreadable", Severity.SUSPICIOUS, "mentions remote code, but cannot be read"),
        Rule("remote-code-trusted", Severity.UNLISTED, "configuration asks for trust_remote_code"),
        Rule(
            "remote-code-kernel",
            Severity.UNLISTED,
            "configuration loads kernels of the hub's own collection",
        ),
        Rule("remote-code-component", Severity.UNLISTED, "pipeline component of a library on no list"),
    )

    def applies(self, blob: Blob) -> bool:
        """JSON that mentions one of the keys."""
        seen = look(blob)
        return seen.kind == "json" and seen.mentions(*_WORDS)

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Every reference to code."""
        seen = look(blob)
        document = seen.document
        if document is UNREADABLE:
            yield from self.unreadable(seen)
            return
        references: list[tuple[str, str]] = []
        for path, value in objects(document, budget):
            references += _references(path, value)
            yield from self.oddities(blob, path, value)
        yield from self.judge(blob, references)
        if isinstance(document, list):
            yield from self.modules(blob, document)
        elif isinstance(document, dict) and "_class_name" in document:
            yield from self.pipeline(blob, document)

    def unreadable(self, seen: Look) -> Iterator[Finding]:
        """No tree: the words decide."""
        if match := _AFTER_WORD.search(seen.raw):
            message = f"{match[1].decode('ascii')} in something that is no JSON within the caps"
            yield self.found("remote-code-unreadable", seen.blob, message)

    def judge(self, blob: Blob, references: list[tuple[str, str]]) -> Iterator[Finding]:
        """One finding for the references of each kind."""
        kinds: dict[str, list[tuple[str, str]]] = {}
        for path, reference in references:
            kinds.setdefault(_kind(reference), []).append((path, reference))
        for kind, named in kinds.items():
            shown = ", ".join(dict.fromkeys(repr(reference[:100]) for _, reference in named[:6]))
            yield self.found(kind, blob, shown, named[0][0])

    def oddities(self, blob: Blob, path: str, value: dict[str, Any]) -> Iterator[Finding]:
        """Keys that ask for code in other ways."""
        if value.get("trust_remote_code") is True:
            yield self.found("remote-code-trusted", blob, "trust_remote_code is true", path)
        for key in ("attn_implementation", "_attn_implementation", "custom_generate"):
            kernel = value.get(key)
            if isinstance(kernel, str) and "/" in kernel:
                known = kernel.startswith("kernels-community/") and ".." not in kernel
                rule = "remote-code-kernel" if known else "remote-code-elsewhere"
                yield self.found(rule, blob, f"{key} {kernel[:100]!r}", path or key)
        mapping = value.get("auto_mapping")
        library = mapping.get("parent_library") if isinstance(mapping, dict) else None
        if isinstance(library, str) and library:
            verdict = judge(library)
            if verdict == "dangerous":
                yield self.found("remote-code-reference", blob, f"parent_library {library[:100]!r}", "auto_mapping")
            elif verdict == "unlisted":
                yield self.found("remote-code", blob, f"parent_library {library[:100]!r}", "auto_mapping")

    def modules(self, blob: Blob, document: list[Any]) -> Iterator[Finding]:
        """modules.json of sentence-transformers: a list of modules with import paths."""
        for index, module in enumerate(document[:1000]):
            if not isinstance(module, dict) or not isinstance(name := module.get("type"), str):
                continue
            if "idx" not in module or "path" not in module or name.startswith("sentence_transformers."):
                continue
            verdict = judge(name)
            if verdict != "plain":
                rule = "remote-code-reference" if verdict == "dangerous" else "remote-code"
                yield self.found(rule, blob, f"module {name[:100]!r}", f"[{index}].type")

    def pipeline(self, blob: Blob, document: dict[str, Any]) -> Iterator[Finding]:
        """model_index.json of diffusers: components are pairs of a library and a class."""
        pipeline = document["_class_name"]
        if isinstance(pipeline, list) and pipeline and isinstance(pipeline[0], str):
            yield from self.judge(blob, [("_class_name", ".".join(map(str, pipeline[:2])))])
        for key, value in document.items():
            if key.startswith("_") or not isinstance(value, list) or len(value) != 2:
                continue
            library, name = value
            if not isinstance(library, str) or not isinstance(name, str):
                continue
            if library in _LIBRARIES or library.split(".")[0] in _LIBRARIES:
                continue
            if _COMPONENT.match(library):
                bad = judge(f"{library}.{name}") == "dangerous"
                rule = "remote-code-reference" if bad else "remote-code-component"
                yield self.found(rule, blob, f"{library[:80]}.{name[:80]}", key[:80])
            elif "/" in library or ".." in library:
                yield self.found("remote-code-reference", blob, f"component {library[:100]!r}", key[:80])


def _references(path: str, value: dict[str, Any]) -> list[tuple[str, str]]:
    """The code references of one object's own keys."""
    found: list[tuple[str, str]] = []
    where = f"{path}." if path else ""
    auto = value.get("auto_map")
    for key, target in auto.items() if isinstance(auto, dict) else [("", auto)]:
        for item in target if isinstance(target, list) else [target]:
            if isinstance(item, str) and item:
                found.append((f"{where}auto_map.{key[:60]}".rstrip("."), item))
    pipelines = value.get("custom_pipelines")
    for key, task in pipelines.items() if isinstance(pipelines, dict) else ():
        if isinstance(task, dict) and isinstance(task.get("impl"), str):
            found.append((f"{where}custom_pipelines.{key[:60]}", task["impl"]))
    return found


def _kind(reference: str) -> str:
    """The rule for one reference: ``module.Class``, or ``owner/repo--module.Class`` of another repository."""
    if not _REFERENCE.match(reference) or ".." in reference:
        return "remote-code-reference"
    if "--" in reference:
        return "remote-code-elsewhere"
    root = reference.split(".")[0]
    return "remote-code-reference" if root in _SYSTEM else "remote-code"


_SYSTEM = words("os sys subprocess builtins importlib shutil posix nt runpy pty socket ctypes __builtins__ __main__")

DETECTOR = RemoteCode()
