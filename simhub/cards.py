"""Model cards of every quality, rendered from a spec when they are asked for.

Kinds: `none` (no README), `empty`, `plain` (no front matter), `invalid` (front matter that does not
parse), `yaml_only`, `template` (unfilled), `auto` (written by a trainer), `full`, `crlf` (Windows line
ends), `multilingual`, `big` (20 MB), `hostile`, and `folder`
(a real file, see `simhub.folder`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from simhub.metadata import card_data
from simhub.spec import Spec

BIG_BYTES = 20 * 1024 * 1024
_TEMPLATE = (
    ("Model Details", "Model Description", "Model Sources"),
    ("Uses", "Direct Use", "Out-of-Scope Use"),
    ("Bias, Risks, and Limitations", "Recommendations"),
    ("Training Details", "Training Data", "Training Procedure"),
    ("Evaluation", "Testing Data, Factors & Metrics", "Results"),
    ("Environmental Impact",),
    ("Citation",),
)


def card_text(spec: Spec) -> bytes | None:
    """The README of this version; None where the model has none."""
    if spec.card == "none":
        return None
    if spec.folder:
        return (Path(spec.folder) / "README.md").read_bytes()
    if spec.card == "empty":
        return b""
    if spec.card == "plain":
        return f"# {spec.label}\n\nAn experiment, revision {spec.card_rev}. Nothing to see here.\n".encode()
    if spec.card == "invalid":
        return f"---\nlicense: [mit\ntags: - broken: yes: no\n\t- {spec.label}\n---\n# {spec.label}\n".encode()
    text = _front_matter(spec) + _body(spec)
    if spec.card == "crlf":
        text = text.replace("\n", "\r\n")
    if spec.card == "big":
        text += "filler " * ((BIG_BYTES - len(text)) // 7)
    return text.encode("utf-8", "surrogatepass")


def _front_matter(spec: Spec) -> str:
    data = card_data(spec)
    if not data:
        return "---\n{}\n---\n"
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)
    return f"---\n{text}---\n"


def _body(spec: Spec) -> str:
    bodies: dict[str, Callable[[Spec], str]] = {
        "yaml_only": lambda _: "",
        "template": _unfilled,
        "auto": _auto,
        "multilingual": lambda s: f"# {s.label}\n\nUn modèle de démonstration. 一个演示模型。 نموذج تجريبي.\n",
        "hostile": lambda s: f"# {s.label}\n\n<script>alert(1)</script> \x1b[31mred\x1b[0m %s%n {{{{7*7}}}}\n",
    }
    return bodies.get(spec.card, _full)(spec)


def _unfilled(spec: Spec) -> str:
    lines = [f"\n# Model Card for {spec.label}\n\n<!-- Provide a quick summary. -->\n"]
    for section, *parts in _TEMPLATE:
        lines.append(f"\n## {section}\n")
        lines += [f"\n### {part}\n\n[More Information Needed]\n" for part in parts] or [
            "\n[More Information Needed]\n"
        ]
    return "".join(lines)


def _auto(spec: Spec) -> str:
    base = spec.parents[0] if spec.parents else "an unknown checkpoint"
    return (
        f"\n# {spec.label}\n\nThis model was trained from {base} (revision {spec.card_rev}).\n"
        "\n## Intended uses & limitations\n\nMore information needed\n"
        f"\n## Training procedure\n\n- learning_rate: {1 + spec.seed % 9}e-05\n- seed: {spec.seed % 100}\n"
        "\n### Framework versions\n\n- Transformers 4.40.1\n- Pytorch 2.2.1\n"
    )


def _full(spec: Spec) -> str:
    licence = ", ".join(spec.licences) or "not stated"
    words = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")
    text = " ".join(words[(spec.seed >> shift) % 8] for shift in range(28))
    return (
        f"\n# {spec.label}\n\n## Model description\n\nRevision {spec.card_rev}. {text}.\n"
        f"\n## Intended uses & limitations\n\nFor research. {text}.\n"
        "\n## How to use\n\n```python\nfrom transformers import pipeline\n"
        f'pipe = pipeline("{spec.task or "feature-extraction"}", model="{spec.first_id}")\n```\n'
        f"\n## Training data\n\n{', '.join(spec.datasets) or 'A private corpus'}.\n"
        f"\n## Evaluation results\n\nSee the front matter.\n\n## License\n\n{licence}\n"
        f"\n## Citation\n\n```bibtex\n@misc{{model{spec.ordinal}, title={{ {spec.label} }}}}\n```\n"
    )


class _Dumper(yaml.SafeDumper):
    """Safe YAML without anchors: cards repeat values instead of naming them."""

    def ignore_aliases(self, data: object) -> bool:
        return True
