"""The table of threats and mitigations of ICSE'23, with a measure of each mitigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyses import _downstream, _stats, concentration, pinned_revisions, security_practice
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._text import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "stride"
TITLE = "Threats and mitigations"
QUESTION = "Which of the mitigations against spoofing, tampering, repudiation and elevation of privilege are in use?"
SOURCE = (
    "Jiang et al., ICSE 2023, table IV (mitigations and STRIDE risks) and section VIII.B (six mitigations, "
    "checkout by commit hash among them, and dependencies); STRIDE: Shostack 2014."
)
NEEDS = ("models",)
SQL = {
    "documentation": """
        SELECT count(*) FILTER (claims) AS claims, count(claims) AS tagged, count(*) FILTER (has_card) AS cards,
            count(has_card) AS listed FROM main
    """,
    "dependencies": """
        SELECT t.value AS dataset, count(DISTINCT s.model_key) AS models,
            (SELECT count(about_id) FROM main) AS n
        FROM main s JOIN core.about_tag a ON a.about_id = s.about_id JOIN core.tag t ON t.tag_id = a.tag_id
        WHERE t.kind = 'dataset' GROUP BY 1 ORDER BY models DESC, 1 LIMIT 1
    """,
    "architecture": """
        SELECT coalesce(model_type, architecture) AS architecture, count(*) AS models,
            (SELECT count(*) FROM main WHERE architecture_known) AS n
        FROM main WHERE coalesce(model_type, architecture) IS NOT NULL GROUP BY 1 ORDER BY models DESC, 1 LIMIT 1
    """,
    "pins": pinned_revisions.SQL["repositories"],
}
_SPOOFING, _TAMPERING, _REPUDIATION, _ELEVATION = "Spoofing", "Tampering", "Repudiation", "Elevation of privilege"


@dataclass(frozen=True, slots=True)
class Row:
    """One mitigation against one or more threats, and how far it is in use."""

    threats: tuple[str, ...]
    mitigation: str
    measure: str
    part: int
    whole: int
    published: str
    analysis: str
    why: str = ""
    # Whether more of it is worse: dependencies, files that a scanner flags.
    exposure: bool = False


@analysis
def run(scope: Scope) -> Answer:
    """A row per threat and mitigation: our measure with n and interval, the published one, where it comes from."""
    rows = [*_identity(scope), *_documentation(scope), *_dependencies(scope), *_files(scope), _pins(scope)]
    table = _table(rows)
    measured = [row for row in rows if row.whole]
    missing = [row.mitigation for row in rows if not row.whole]
    weakest = min((row for row in measured if not row.exposure), key=lambda row: row.part / row.whole, default=None)
    least = (
        f"; the least used is {weakest.mitigation} ({weakest.measure}: {percent(weakest.part / weakest.whole)})"
        if weakest
        else ""
    )
    gaps = f"; not measured: {', '.join(dict.fromkeys(missing))}" if missing else ""
    statement = (
        f"{count(len({row.mitigation for row in measured}))} of {count(len({row.mitigation for row in rows}))} "
        f"mitigations are measured{least}{gaps} ({scope.cite(scope.hub)})."
    )
    return Answer(
        statement,
        {"risks": table},
        lambda: _draw(rows, scope),
        _alt(rows),
        _published(rows),
        [
            "The threats of a mitigation are those of the paper's table IV; a mitigation against several threats has "
            "a row for each. Commit-hash checkout is named in the paper and not measured there; that it stands "
            "against tampering is our reading.",
            "Table IV of the paper says that 'one dataset has 1,673 downstream PTMs'; the caption of its fig. 6 "
            "gives 1,673 to an architecture and 1,207 to a dataset, its text 10,247 and 6,834. It also says that "
            "fewer than 0.1 % make machine-readable claims, where its fig. 7 sums to 4.15 %.",
            "A measure says how widely a mitigation is used, not how well it works.",
        ],
        headline=(f"{len(measured)} of {len(rows)}", "measures of mitigations could be taken"),
    )


def _identity(scope: Scope) -> list[Row]:
    """Verified organisations and signed commits."""
    owners, gated, scanners = security_practice.practice_tables(scope)
    table = security_practice.practices(scope, owners, gated, scanners)

    def of(name: str) -> tuple[int, int, str]:
        row = table.loc[table["practice"] == name].iloc[0]
        return int(row["models"]), int(row["n"]), str(row["not measured"])

    part, whole, why = of("verified organisations")
    verified = Row(
        (_SPOOFING,), "organisation verification", "organisations that are verified", part, whole,
        "3.19 % (199 of 6,243)", "security_practice", why,
    )  # fmt: skip
    part, whole, why = of("repositories with a signed commit")
    signed = Row(
        (_SPOOFING, _TAMPERING, _REPUDIATION), "GPG commit signing", "repositories with a signed commit", part, whole,
        "0.21 % (132 of 63,182)", "security_practice", why,
    )  # fmt: skip
    part, whole, why = of("gated models")
    permission = Row(
        (_ELEVATION,), "permission model", "models that are gated", part, whole,
        "not counted: any member of an organisation may write to all of its models", "security_practice", why,
    )  # fmt: skip
    return [verified, signed, permission]


def _documentation(scope: Scope) -> list[Row]:
    claims, tagged, cards, listed = (int(value) for value in scope.row(SQL["documentation"]))
    return [
        Row(
            (_REPUDIATION,), "documentation", "models with a machine-readable claim", claims, tagged,
            "< 0.1 % (table IV), 4.15 % (fig. 7)", "claims", "no source states tags",
        ),
        Row(
            (_REPUDIATION,), "documentation", "models with a card", cards, listed,
            "not counted", "documentation", "no source lists files or cards",
        ),
    ]  # fmt: skip


def _dependencies(scope: Scope) -> list[Row]:
    """What most models hang on: an exposure, not a safeguard."""
    found = []
    for name, published, why in (
        ("dependencies", "1,207, 1,673 or 6,834 models (9.4 % of pairs)", "no source states datasets"),
        ("architecture", "1,673 or 10,247 models (16.4 %)", "no source states architectures"),
    ):
        frame = scope.frame(SQL[name])
        part, whole = (int(frame["models"].iloc[0]), int(frame["n"].iloc[0])) if len(frame) else (0, 0)
        measure = f"models on the most used {'dataset' if name == 'dependencies' else 'architecture'}"
        source = concentration.NAME
        found.append(Row((_TAMPERING,), "dependencies", measure, part, whole, published, source, why, exposure=True))
    return found


def _files(scope: Scope) -> list[Row]:
    """The hub's scanners: of the models that they have answered for, those flagged."""
    _, _, scanners = security_practice.practice_tables(scope)
    told = {str(row["scanner"]): row for _, row in scanners.iterrows()}
    rows = []
    for scanner, measure, published in (
        ("avScan", "models flagged by ClamAV", "0 of 63,182"),
        ("pickleImportScan", "models flagged for pickle imports", "not counted"),
    ):
        row = told.get(scanner)
        part, whole = (int(row["models"]), int(row["n"])) if row is not None else (0, 0)
        why = "no listing of files with the hub's verdicts of this scanner"
        rows.append(
            Row(
                (_TAMPERING,),
                "malware scan",
                measure,
                part,
                whole,
                published,
                "security_practice",
                why,
                exposure=True,
            )
        )
    return rows


def _pins(scope: Scope) -> Row:
    """Repositories that load a model by its commit, where their code was read."""
    _downstream.enter(scope)
    whole = scope.frame(SQL["pins"]).iloc[0]
    return Row(
        threats=(_TAMPERING,),
        mitigation="commit-hash checkout",
        measure="repositories that pin a model by its commit",
        part=int(whole["some by commit"]),
        whole=int(whole["n"]),
        published="not measured ('performed by users on their own machines')",
        analysis=pinned_revisions.NAME,
        why="no repository's code was read",
    )


def _table(rows: list[Row]) -> pd.DataFrame:
    import pandas as pd

    order = (_SPOOFING, _TAMPERING, _REPUDIATION, _ELEVATION)
    made = []
    for threat in order:
        for row in (row for row in rows if threat in row.threats):
            share = _stats.share(row.part, row.whole) if row.whole else None
            made.append({
                "threat": threat,
                "mitigation": row.mitigation,
                "measure": row.measure,
                "models": row.part if share else None,
                "n": row.whole,
                "share": share.value if share else float("nan"),
                "low": share.low if share else float("nan"),
                "high": share.high if share else float("nan"),
                "published": row.published,
                "analysis": row.analysis,
                "not measured": "" if share else row.why,
            })  # fmt: skip
    return pd.DataFrame(made)


def _published(rows: list[Row]) -> list[tuple[object, ...]]:
    ours = {row.measure: row.part / row.whole for row in rows if row.whole}
    note = "see security_practice, claims and concentration for the differences"
    return [
        (measure, value, ours.get(measure, float("nan")), "share", "ICSE 2023, table IV", note)
        for measure, value in (
            ("organisations that are verified", 199 / 6_243),
            ("repositories with a signed commit", 132 / 63_182),
            ("models with a machine-readable claim", 2_594 / 62_467),
            ("models flagged by ClamAV", 0.0),
        )
    ]


def _alt(rows: list[Row]) -> str:
    parts = [
        f"{', '.join(row.threats)}: {row.mitigation}, {row.measure} "
        + (f"{percent(row.part / row.whole)} of {count(row.whole)}" if row.whole else f"not measured ({row.why})")
        for row in rows
    ]
    return "Table of threats and mitigations. " + "; ".join(parts) + "."


def _draw(rows: list[Row], scope: Scope) -> Figure:
    from analyses import _style as look

    table = _table(rows)
    figure, (axes,) = look.figure(height=1.8 + 0.3 * len(table))
    shares = list(table["share"].fillna(0.0))
    written = [
        f"{percent(row['share'])} of {look.si(row['n'])}" if row["n"] else "not measured"
        for _, row in table.iterrows()
    ]
    names = list(table["measure"])
    intervals = (list(table["low"].fillna(0.0)), list(table["high"].fillna(0.0)))
    look.bars(axes, names, shares, written, intervals=intervals, room=1.5)
    colours = dict(zip((_SPOOFING, _TAMPERING, _REPUDIATION, _ELEVATION), look.CYCLE, strict=False))
    for bar, label, threat in zip(axes.patches, axes.get_yticklabels(), table["threat"], strict=False):
        bar.set_color(colours[threat])
        label.set_color(colours[threat])
    axes.set_xlim(0, max(axes.get_xlim()[1], 0.02))
    look.as_percent(axes.xaxis)
    handles = [axes.scatter([], [], marker="s", color=colour, label=threat) for threat, colour in colours.items()]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=4, fontsize=9, handletextpad=0.1, columnspacing=1.2
    )
    look.caption(
        figure,
        scope.caption(scope.sizes[scope.hub], hub=scope.hub) + ". Whiskers: 95 % Wilson intervals.",
    )
    return figure
