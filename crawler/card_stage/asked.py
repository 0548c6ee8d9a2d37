"""The stage ``cards understand --llm``: what a language model says of every landed card, held against its text.

    {"method": "language model", "model", "prompt", "characters", "sent", "values": [as in rules], "dropped",
     "rejected": [{"field", "value", "quote", "why"}], "usage": {"prompt_tokens", "completion_tokens"}, "error"}

An answer is kept by the card's hash, the model's name and the prompt's version: what was paid for once is never asked
again. Answers are landed in small bundles, and at once when the run is interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from crawler.card_stage import evidence, landed
from crawler.card_stage.landed import Card, Seen
from crawler.card_stage.rules import bodies, record
from crawler.language_model import MAX_ANSWER, Endpoint, Unanswered, Usage
from crawler.pool import spread
from crawler.source import Progress
from landing import Manifest, OperationalError, Record, Run, RunWriter, TransientError, Zone
from landing.clock import now

SOURCE = "cards-llm"
_BUNDLE = 16
# A server that is silent so often in a row is gone.
_GIVE_UP = 3
# How often a question is put whose answer cannot be read.
_TRIES = 2

Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one card: a record, or why there is none; and what it cost (None: the server does not say)."""

    card: Card
    record: Record | None
    reason: str
    usage: Usage | None
    silent: bool = False


def tool(model: str) -> str:
    """The name of a reading: the prompt's version and the model."""
    return f"{evidence.PROMPT}:{model}"


def ask_all(
    zone: Zone,
    endpoint: Endpoint,
    *,
    limit: int | None,
    budget: int | None,
    at_once: int,
    program: str,
    tell: Tell | None = None,
) -> Manifest | None:
    """Ask about every landed card that this model was not asked about under this prompt; None where none is left.

    ``budget`` bounds the tokens of this call, prompts and answers together. What a card lacked an answer to stands in
    the failures and is asked again by the next run. Raises :class:`OperationalError` where the server answers nobody.
    """
    name = tool(endpoint.model)
    with zone.lock(SOURCE), Seen() as seen:
        cut = zone.unfinished(SOURCE)
        writer = zone.resume(cut) if cut else None
        if writer is not None and writer.manifest.parser != name:
            # Another model's answers were paid for as well.
            writer.finish(complete=False, counts=counted(writer))
            writer = None
        landed.done([run for run in zone.finished(SOURCE) if run.manifest.parser == name], seen)
        if writer is not None:
            landed.done([Run(writer.folder, writer.manifest)], seen)
        todo = landed.cards(landed.with_cards(zone), seen)
        first = next(todo, None)
        if first is None and writer is None:
            return None
        if writer is None:
            host = endpoint.session.endpoint
            config = {"endpoint": host, "model": endpoint.model, "prompt": evidence.PROMPT}
            writer = zone.start(SOURCE, kind="ask", program=program, parser=name, config=config)
        asking = Asking(writer, endpoint, limit, budget, tell or (lambda _progress: None))
        asking.whole(first, todo, at_once)
        if asking.stopped:
            writer.manifest.config["stopped"] = asking.stopped
        requests = endpoint.session.budget.report()
        complete = not asking.stopped and not writer.failures
        return writer.finish(complete=complete, counts=counted(writer), requests=requests)


class Asking:
    """One run, from where it stands to its end, its limit or its budget."""

    def __init__(
        self, writer: RunWriter, endpoint: Endpoint, limit: int | None, budget: int | None, tell: Tell
    ) -> None:
        """Nothing is asked yet."""
        self.writer, self.endpoint, self.limit, self.budget, self.tell = writer, endpoint, limit, budget, tell
        self.stopped = ""
        self._spent = self._reserved = self._drawn = self._silent = 0
        self._bundle: list[Record] = []

    def whole(self, first: Card | None, todo: Iterator[Card], at_once: int) -> None:
        """Ask, and land what comes; what is here when the run is interrupted is landed too."""
        try:
            for reply in spread(self._reply, self._drawing(first, todo), at_once):
                self._take(reply)
        finally:
            self._land()

    def _drawing(self, first: Card | None, todo: Iterator[Card]) -> Iterator[Card]:
        """The cards to ask about, as long as limit and budget allow one more."""
        card = first
        while card is not None:
            if self.limit is not None and self._drawn >= self.limit:
                self.stopped = "limit"
                return
            if self.budget is not None and self._spent + self._reserved + _price(card) > self.budget:
                self.stopped = "budget"
                return
            self._drawn += 1
            self._reserved += _price(card)
            yield card
            card = next(todo, None)

    def _reply(self, card: Card) -> Reply:
        """Ask about one card. On a thread."""
        if not card.text.strip():
            return Reply(card, self._record(card, evidence.Checked(), Usage()), "", Usage())
        spent: Usage | None = Usage()
        reason = ""
        for _ in range(_TRIES):
            try:
                answer = self.endpoint.ask(evidence.SYSTEM, evidence.question(card.text))
            except (TransientError, Unanswered) as error:
                return Reply(card, None, str(error), spent, silent=isinstance(error, TransientError))
            spent = spent + answer.usage if spent is not None and answer.usage is not None else None
            checked = evidence.check(answer.text, card.text)
            if checked is not None:
                return Reply(card, self._record(card, checked, spent), "", spent)
            reason = "the answer was cut off" if answer.cut else "the answer is not the JSON that was asked for"
            if answer.cut:
                break
        return Reply(card, None, reason, spent)

    def _record(self, card: Card, checked: evidence.Checked, usage: Usage | None) -> Record:
        body: dict[str, Any] = {
            "method": "language model",
            "model": self.endpoint.model,
            "prompt": evidence.PROMPT,
            "characters": len(card.text),
            "sent": min(len(card.text), evidence.MAX_SENT),
            "values": checked.values,
            "rejected": checked.rejected,
            "dropped": checked.dropped,
            "usage": msgspec.to_builtins(usage) if usage is not None else {},
            "error": None,
        }
        return record(card.sha256, body, tool(self.endpoint.model), now())

    def _take(self, reply: Reply) -> None:
        price = _price(reply.card)
        self._reserved -= price
        self._spent += reply.usage.total if reply.usage is not None else price
        if reply.record is not None:
            self._silent = 0
            self._bundle.append(reply.record)
            if len(self._bundle) >= _BUNDLE:
                self._land()
            return
        self._lost(reply)
        self._silent = self._silent + 1 if reply.silent else 0
        if self._silent >= _GIVE_UP:
            raise OperationalError(f"The language model cannot be had: {reply.reason} Run the same command to go on.")

    def _lost(self, reply: Reply) -> None:
        """Note a card without an answer; what it cost all the same is kept in the manifest."""
        self.writer.fail(reply.card.sha256, reply.reason[:300])
        if reply.usage is not None and reply.usage.total:
            kept = self.writer.manifest.counts
            for name, value in msgspec.to_builtins(reply.usage).items():
                kept[f"{name}_for_nothing"] = kept.get(f"{name}_for_nothing", 0) + value
            self.writer.save()

    def _land(self) -> None:
        if self._bundle:
            self.writer.write_records(self._bundle, walk="cards", cursor=self.writer.records + len(self._bundle))
            self.tell(Progress("answers", self.writer.landed, self.writer.records))
            self._bundle = []


def counted(writer: RunWriter) -> dict[str, int]:
    """Cards, values, rejected answers and tokens of a run, from what has landed and what was spent for nothing."""
    wasted = {name: count for name, count in writer.manifest.counts.items() if name.endswith("_for_nothing")}
    counts = {"cards": 0, "values": 0, "rejected": 0, "prompt_tokens": 0, "completion_tokens": 0, "unstated": 0}
    for body in bodies(Run(writer.folder, writer.manifest)):
        counts["cards"] += 1
        counts["values"] += len(body.values)
        counts["rejected"] += len(body.rejected)
        counts["unstated"] += not body.usage
        for name, value in body.usage.items():
            counts[name] = counts.get(name, 0) + value
    for name in ("prompt_tokens", "completion_tokens"):
        counts[name] += wasted.get(f"{name}_for_nothing", 0)
    return {**counts, **wasted, "unanswered": len(writer.failures)}


def _price(card: Card) -> int:
    """Tokens that a card may cost at most, roughly: three characters of English, or one of another script, each."""
    sent = card.text[: evidence.MAX_SENT]
    plain = len(sent.encode("ascii", "ignore"))
    return (len(evidence.SYSTEM) + plain) // 3 + len(sent) - plain + MAX_ANSWER
