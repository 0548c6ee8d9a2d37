"""Pickles: what they import, call and build, told from their opcodes without running one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.pickles.judge import carried, judge, tensors, unpack
from probe.scan.pickles.reader import begins, headless, read
from probe.scan.pickles.symbols import Program

#: Names under which a pickle is expected; only these make an unreadable one worth a finding.
_SUFFIXES = (".pkl", ".pickle", ".joblib", ".p", ".pk", ".dill", ".pt", ".pth", ".ckpt", ".sav", ".model")
#: So many bytes that read as opcodes are a pickle whatever the name.
_CONVINCING = 64
#: Names listed in the note about imports.
_LISTED = 200
#: Pickles inside pickles inside pickles.
_DEEPEST = 4

_S, _D = Severity.SUSPICIOUS, Severity.DANGEROUS


class PickleDetector(Detector):
    """Pickles of protocols 0 to 5, with a header or without, several in a row, broken ones, and those within."""

    name = "pickle"
    rules = rules(
        Rule("pickle-dangerous-global", _D, "Imports a name that runs, reads, writes or connects"),
        Rule("pickle-suspicious-call", _S, "Calls something that has no place in a model's pickle"),
        Rule("pickle-computed-call", _S, "Calls a value that was itself computed"),
        Rule("pickle-computed-name", _S, "Imports a name that is not a constant of the file"),
        Rule("pickle-changes-a-name", _S, "Changes attributes or items of an imported name"),
        Rule("pickle-extension-code", _S, "Imports a name by a number that only the loader knows"),
        Rule("pickle-frame-mismatch", _S, "Frames and opcodes disagree: two readers would see two programs"),
        Rule("pickle-wild-memo", _S, "A memo slot far beyond the file: makes the loader fill memory"),
        Rule("pickle-unknown-array", _S, "Raw bytes between the opcodes whose number cannot be told"),
        Rule("pickle-hidden", _D, "A dangerous pickle behind or inside other data"),
        Rule("pickle-payload", _S, "A string holds a pickle that calls something"),
        Rule("pickle-broken", _S, "Breaks after it imported something: what was done before is done"),
        Rule("pickle-malformed", _S, "Bears the name or header of a pickle and is none"),
        Rule("pickle-truncated", Severity.ERROR, "Ends before its STOP: cannot be judged whole"),
        Rule("pickle-unlisted-global", Severity.UNLISTED, "Uses a name that stands on no list"),
        Rule("pickle-imports", Severity.NOTE, "What the pickle imports"),
    )

    def applies(self, blob: Blob) -> bool:
        """By the header, else by reading it as one."""
        return begins(blob.data) or headless(blob.data, lambda: None, _expected(blob))

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Findings on every pickle in the blob."""
        program, hidden = read(blob.data, budget.tick)
        if program.broken and not program.uses and program.end < _CONVINCING and not _expected(blob):
            # Numbers, two of which happen to be those of a header.
            program.oddities = []
        yield from self._judged(blob, blob.data, program)
        yield from self._ending(blob, program)
        if program.uses:
            yield self._note(blob, program)
        yield from self._carried(blob, blob.data, program, budget, 0)
        for number, inner in enumerate(tensors(program, blob.data)):
            yield blob.child(f"tensor {number}", inner)
        for at, other in hidden:
            for one in judge(other, blob.data):
                if self.rules[f"pickle-{one.rule}"].severity == _D:
                    yield self.found("pickle-hidden", blob, f"behind the first pickle: {one.text}", f"{at}")

    def _judged(self, blob: Blob, view: memoryview, program: Program, inside: str = "") -> Iterator[Finding]:
        for one in judge(program, view):
            yield self.found(f"pickle-{one.rule}", blob, one.text, f"{inside}{one.at}")

    def _ending(self, blob: Blob, program: Program) -> Iterator[Finding]:
        """What to say of a pickle that does not end as one."""
        if not program.broken or (program.complete and not any(one.kind == "broken" for one in program.oddities)):
            return
        problem = next((one for one in program.oddities if one.kind == "broken"), None)
        if problem is None:
            return
        expected = _expected(blob) or problem.at >= _CONVINCING
        if problem.text.startswith("ends ") and (program.uses or program.complete or expected):
            yield self.found("pickle-truncated", blob, problem.text, str(problem.at))
        elif program.uses:
            yield self.found("pickle-broken", blob, problem.text, str(problem.at))
        elif expected and not program.complete:
            yield self.found("pickle-malformed", blob, problem.text, str(problem.at))

    def _note(self, blob: Blob, program: Program) -> Finding:
        uses = sorted(program.uses.values(), key=lambda use: use.at)
        listed: dict[str, Any] = {use.dotted[:200]: use.how for use in uses[:_LISTED]}
        return Finding(
            "pickle-imports",
            Severity.NOTE,
            f"{len(uses)} names in {program.complete} pickle{'' if program.complete == 1 else 's'}",
            blob.where,
            details={"globals": listed, "persistent_ids": program.persistent},
        )

    def _carried(
        self, blob: Blob, view: memoryview, program: Program, budget: Budget, depth: int
    ) -> Iterator[Finding]:
        """Pickles in strings: data until something loads them, and a payload all the same."""
        if depth >= _DEEPEST:
            return
        for at, content in carried(program, view):
            budget.tick()
            inner = content if begins(content) else memoryview(unpack(bytes(content[:65536])))
            if not begins(inner) and not headless(inner, budget.tick):
                continue
            other, _ = read(inner, budget.tick)
            for one in judge(other, inner):
                severity = self.rules[f"pickle-{one.rule}"].severity
                if severity >= _S:
                    rule = "pickle-hidden" if severity == _D else "pickle-payload"
                    yield self.found(rule, blob, f"in a string: {one.text}", f"{at}+{one.at}")
            yield from self._carried(blob, inner, other, budget, depth + 1)


def _expected(blob: Blob) -> bool:
    return blob.name.lower().endswith(_SUFFIXES)


DETECTOR = PickleDetector()
