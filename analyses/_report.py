"""The report: one HTML file that needs nothing else, and beside it every figure and every number.

    OUT/index.html              inline style, figures inlined with alt text, numbers in <details>, no requests
    OUT/figures/<name>.svg, .png
    OUT/data/<name>-<table>.csv    safe to open in a spreadsheet

Every crawled string goes through the template's escaping; a content policy in the page forbids
scripts and requests altogether. Files are written beside and renamed, the page last.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import analyses
from analyses import _style
from analyses._base import Result, code_version
from analyses._text import count, percent, quantity
from landing.errors import storage
from warehouse.reader import Reader

if TYPE_CHECKING:
    import pandas as pd

ROWS = 15

QUALITY = {
    "Snapshots": """
        SELECT snapshot_id, hub, observed_at, kind, records, complete, duplicates, quarantined, run_id, program
        FROM mart.snapshot ORDER BY observed_at, snapshot_id
    """,
    "Quarantine by reason": """
        SELECT q.reason, q.kept, count(*) AS records FROM raw.quarantine q GROUP BY ALL ORDER BY records DESC, reason
    """,
    "Renames by evidence": """
        SELECT hub, evidence, count(*) AS renames, min(confidence) AS lowest_confidence FROM mart.alias
        GROUP BY ALL ORDER BY ALL
    """,
}


@dataclass(slots=True)
class Report:
    """Where the report was written, and what it says."""

    index: Path
    results: list[Result]
    files: list[Path] = field(default_factory=list)


def build(
    reader: Reader,
    out: Path,
    *,
    checks: Sequence[tuple[str, str, int, bool]] = (),
    progress: Callable[[str], None] = lambda name: None,
    now: datetime | None = None,
) -> Report:
    """Run every analysis and write the report under ``out``.

    ``checks`` are outcomes of the data-quality checks: name, rule, violations, whether only a warning.
    """
    results, pictures, report = [], {}, Report(out / "index.html", [])
    with storage(out, "write the report to"):
        for folder in (out / "figures", out / "data"):
            folder.mkdir(parents=True, exist_ok=True)
        for name in analyses.names():
            progress(name)
            result = analyses.run(name, reader)
            results.append(result)
            if result.available:
                pictures[name] = _figures(result, out, report)
                _tables(result, out, report)
        page = _render(reader, results, pictures, list(checks), now or datetime.now(UTC))
        _write(report.index, page.encode(), report)
    report.results = results
    return report


def _figures(result: Result, out: Path, report: Report) -> str:
    """Write the figure twice; returns it as a data URI."""
    figure = result.figure()
    vector = _style.svg(figure)
    _write(out / "figures" / f"{result.name}.svg", vector, report)
    _write(out / "figures" / f"{result.name}.png", _style.png(figure), report)
    return "data:image/svg+xml;base64," + base64.b64encode(vector).decode()


def _tables(result: Result, out: Path, report: Report) -> None:
    for table, frame in {**result.tables, "published": result.published}.items():
        if len(frame):
            text = inert(frame).to_csv(index=False)
            _write(out / "data" / f"{result.name}-{table}.csv", text.encode(), report)


def _write(path: Path, content: bytes, report: Report) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    beside.replace(path)
    report.files.append(path)


def inert(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before every cell and heading that a spreadsheet would take for a formula."""

    def safe(value: Any) -> Any:
        risky = isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
        return f"'{value}" if risky else value

    made = frame.rename(columns=safe)
    for column in made.columns:
        if not _numeric(made[column]):
            made[column] = made[column].map(safe, na_action="ignore")
    return made


def _numeric(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "biufmM"


def _render(
    reader: Reader,
    results: list[Result],
    pictures: dict[str, str],
    checks: list[tuple[str, str, int, bool]],
    now: datetime,
) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("analyses", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell": cell,
        "head": lambda frame: frame.head(ROWS).to_dict("records"),
        "quantity": quantity,
    }
    quality = {title: reader.frame(query) for title, query in QUALITY.items()}
    return environment.get_template("report.html.j2").render(
        results=[result for result in results if result.available],
        absent=[result for result in results if not result.available],
        pictures=pictures,
        quality=quality,
        checks=checks,
        snapshots=quality["Snapshots"].to_dict("records"),
        used=sorted({snapshot for result in results for snapshot in result.snapshots}),
        as_of=reader.as_of,
        made=now,
        version=code_version(),
        rows=ROWS,
    )


def cell(value: Any, column: str = "") -> str:
    """How a value of a table looks: shares as per cent, counts with separators, times without noise."""
    if value is None or value != value:
        return ""
    if isinstance(value, (bool,)) or type(value).__name__ == "bool_":
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if (value.hour, value.minute) == (0, 0) else f"{value:%Y-%m-%d %H:%M}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, (int, float)) or hasattr(value, "dtype"):
        return _number(float(value), column)
    return str(value)


def _number(value: float, column: str) -> str:
    if column in ("share", "card_share"):
        return percent(value)
    if column in ("year", "snapshot_id", "first", "second"):
        return f"{value:.0f}"
    if value.is_integer() and abs(value) >= 2:
        return count(value)
    return f"{value:.4g}"
