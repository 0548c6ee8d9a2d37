"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import duckdb
import pytest

from docs.build import PAGES
from hubcensus.cli import root
from warehouse.database import schema

ROOT = Path(__file__).parent.parent
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_current(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run 'make docs'"


def test_every_verb_has_help_and_a_line():
    context = click.Context(root)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None and command.help, name
        assert f"## {name}\n" in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_every_table_view_and_column_has_a_meaning():
    connection = duckdb.connect()
    connection.execute(schema())
    silent = connection.execute(
        """
        SELECT table_name FROM duckdb_tables() WHERE comment IS NULL
        UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL
        UNION ALL SELECT c.table_name || '.' || c.column_name FROM duckdb_columns() c
            JOIN duckdb_tables() t ON t.table_oid = c.table_oid AND t.schema_name = c.schema_name
            WHERE c.comment IS NULL
        UNION ALL SELECT 'mart.model.' || column_name FROM duckdb_columns()
            WHERE schema_name = 'mart' AND table_name = 'model' AND comment IS NULL
        """
    ).fetchall()
    assert silent == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_commands_exist(page):
    context = click.Context(root)
    text = page.read_text(encoding="utf-8")
    for verb in re.findall(r"^\$? ?hubcensus (?:--home \S+ )?([a-z]+)\b", text, re.MULTILINE):
        assert root.get_command(context, verb) is not None, verb
    make = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z]+)", text):
        assert f"\n{target}:" in make, target
