"""The page about the scan says what the scan does."""

from __future__ import annotations

import re
from pathlib import Path

from probe.scan import rules
from probe.scan.rulebook import main, page

PAGE = Path(__file__).parents[3] / "docs" / "scan.md"


def test_the_table_of_rules_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run 'python -m probe.scan.rulebook docs/scan.md'"
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.M)) >= set(rules())


def test_writing_and_checking(tmp_path):
    stale = tmp_path / "page.md"
    stale.write_text("# A\n<!-- rules: begin -->\nold\n<!-- rules: end -->\nrest\n", encoding="utf-8")
    assert main(["--check", str(stale)]) == 1
    assert main([str(stale)]) == 0 and main(["--check", str(stale)]) == 0
    assert stale.read_text(encoding="utf-8").endswith("rest\n")
