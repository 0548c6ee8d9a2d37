"""Source files as syntax trees, whatever state they are in. Nothing is imported and nothing is run.

A file that is not Python 3 is mended line by line: what older Python or a notebook allows is rewritten on its line,
what is still no Python becomes ``pass``, so that the rest can be read and every line keeps its number.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

import msgspec

LONGEST = 4 << 20
_MENDINGS = 60

_PRINT = re.compile(r"^(\s*)print\s+(?![=(.\[])(?:>>\s*[\w.]+\s*,\s*)?(.*?)(\\?)$")
_EXCEPT = re.compile(r"^(\s*except\s+[^:]+?)\s*,\s*(\w+)\s*:")
_RAISE = re.compile(r"^(\s*raise\s+[\w.]+)\s*,\s*(.+)$")
_OLD_TEXT = re.compile(r"\b[uU][rR](['\"])")
_OCTAL = re.compile(r"(?<![\w.])0(\d+)\b(?!\.)")
_MAGIC = re.compile(r"^(\s*)([%!?].*|\w[\w.\[\]]*\?{1,2}\s*)$")
_SHELL_VALUE = re.compile(r"^(\s*[\w, ]+=\s*)[!%].*$")
_PROMPT = re.compile(r"^(\s*)(>>> ?|In \[\d*\]: ?)")


class _Cell(msgspec.Struct):
    cell_type: str = ""
    source: str | list[str] = ""
    input: str | list[str] = ""


class _Sheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []
    worksheets: list[_Sheet] = []


@dataclass(frozen=True, slots=True)
class Piece:
    """A module or a cell of a notebook: its tree, its place among all cells (None for a module), if it was mended."""

    tree: ast.Module
    cell: int | None = None
    mended: bool = False


def pieces(name: str, data: bytes) -> list[Piece]:
    """The pieces of a file in the order in which they run; none where it cannot be read at all."""
    if len(data) > LONGEST:
        return []
    if name.endswith(".ipynb"):
        return _cells(data)
    piece = _piece(_text(data), None)
    return [piece] if piece else []


def code_cells(data: bytes) -> list[tuple[int, str]]:
    """The cells of code of a notebook, each with its place among all cells; none where it cannot be read."""
    try:
        notebook = msgspec.json.decode(data, type=_Notebook, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    cells = notebook.cells or [cell for sheet in notebook.worksheets for cell in sheet.cells]
    code = [(number, cell.source or cell.input) for number, cell in enumerate(cells) if cell.cell_type == "code"]
    return [(number, "".join(text) if isinstance(text, list) else text) for number, text in code]


def _cells(data: bytes) -> list[Piece]:
    read = (_piece(text, number) for number, text in code_cells(data))
    return [piece for piece in read if piece]


def _text(data: bytes) -> str:
    match = re.match(rb"^[^\n]*(?:\n[^\n]*)?coding[:=]\s*([-\w.]+)", data[:200])
    name = match[1].decode("ascii", "replace") if match else "utf-8"
    for encoding in (name, "utf-8", "latin-1"):
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError):
            continue
    return ""


def _piece(text: str, cell: int | None) -> Piece | None:
    text = text.replace("\0", " ").replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ")
    tree = _parse(text)
    if not isinstance(tree, SyntaxError):
        return Piece(tree, cell) if tree else None
    lines = [_modern(line) for line in text.split("\n")]
    if cell is not None and lines and lines[0].lstrip().startswith("%%"):
        lines[0] = ""
    for _ in range(_MENDINGS):
        tree = _parse("\n".join(lines))
        if not isinstance(tree, SyntaxError):
            return Piece(tree, cell, mended=True) if tree else None
        if not _blank(lines, tree):
            break
    return None


def _parse(text: str) -> ast.Module | SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError):
        return None


def _modern(line: str) -> str:
    """A line of Python 2, of a notebook or of a terminal, as Python 3 where a small change does it."""
    line = _PROMPT.sub(r"\1", line)
    if _MAGIC.match(line):
        return _MAGIC.sub(r"\1pass", line)
    line = _SHELL_VALUE.sub(r"\1None", line)
    line = _OLD_TEXT.sub(r"r\1", line)
    line = _EXCEPT.sub(r"\1 as \2:", line)
    line = _RAISE.sub(r"\1(\2)", line)
    line = _OCTAL.sub(r"0o\1", line) if re.search(r"(?<![\w.])0\d+\b(?!\.)", line) and "0o" not in line else line
    printed = _PRINT.match(line)
    if printed and printed[2].count("(") == printed[2].count(")"):
        line = f"{printed[1]}print({printed[2].rstrip().rstrip(',')}){printed[3]}"
    return line


def _blank(lines: list[str], error: SyntaxError) -> bool:
    """Make ``pass`` of the line at which reading failed; false where there is nothing left to blank there."""
    number = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
    if "expected an indented block" in str(error.msg):
        # The line is fine; the block before it is empty.
        before = next((n for n in range(number - 1, -1, -1) if lines[n].strip()), None)
        if before is not None and lines[before].rstrip().endswith(":"):
            lines[before] = lines[before].rstrip() + " pass"
            return True
    for place in (number, *range(number - 1, max(number - 30, -1), -1)):
        bare = lines[place].strip()
        if bare and bare != "pass":
            indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
            if "unindent" in str(error.msg) or "unexpected indent" in str(error.msg):
                indent = _indent_before(lines, place)
            lines[place] = f"{indent}pass"
            return True
    return False


def _indent_before(lines: list[str], number: int) -> str:
    for line in reversed(lines[:number]):
        if line.strip():
            indent = line[: len(line) - len(line.lstrip())]
            return indent + "    " if line.rstrip().endswith(":") else indent
    return ""
