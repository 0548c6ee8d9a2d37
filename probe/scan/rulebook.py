"""The rules as a table of the documentation, written between its two marks.

python -m probe.scan.rulebook docs/scan.md            write it
python -m probe.scan.rulebook --check docs/scan.md    exit 1 where it is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

from probe.scan.engine import rules

BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"


def table() -> str:
    """Every rule that a scan can report, worst first within each detector's own."""
    lines = ["| rule | severity | meaning |\n", "|---|---|---|\n"]
    for rule in sorted(rules().values(), key=lambda rule: (rule.id.partition("-")[0], -rule.severity, rule.id)):
        meaning = rule.title.rstrip(".") + (f". {rule.help}" if rule.help else "")
        escaped = meaning.replace("|", "\\|").replace("{{", "`{{`").replace("\n", " ")
        lines.append(f"| `{rule.id}` | {rule.severity.word} | {escaped} |\n")
    return "".join(lines)


def page(text: str) -> str:
    """The page with the table as it is today; raises ValueError where the marks are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no marks for the rules")
    return before + BEGIN + table() + END + after


def main(arguments: list[str]) -> int:
    """Write or check the pages given."""
    stale = 0
    for name in (one for one in arguments if one != "--check"):
        path = Path(name)
        text = path.read_text(encoding="utf-8")
        if (wanted := page(text)) != text:
            stale += 1
            if "--check" not in arguments:
                path.write_text(wanted, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
