"""One question to a language model at any OpenAI-compatible endpoint, through the crawler's own session.

The session keeps the key to the host it belongs to, waits where the server says so, tries again what may pass, and
bounds every answer. What the server says is text from a stranger: only the fields that are needed are read.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from crawler.budget import Budget, Waiting
from crawler.session import Patience, Session, origin
from landing import OperationalError, UsageError

#: Tokens an answer may have; what a card says fits into fewer.
MAX_ANSWER = 3000
_CAP = 4 << 20


class Unanswered(OperationalError):
    """This one question got no answer that can be read; the next may."""


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message = msgspec.field(default_factory=_Message)
    finish_reason: str | None = None


_Tokens = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the server counts them."""

    prompt_tokens: _Tokens = 0
    completion_tokens: _Tokens = 0

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)

    @property
    def total(self) -> int:
        """All tokens."""
        return self.prompt_tokens + self.completion_tokens


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: Usage | None = None


_completion = msgspec.json.Decoder(_Completion, strict=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the text, whether it was cut off, and what it cost (None where the server does not say)."""

    text: str
    cut: bool
    usage: Usage | None


@dataclass
class Endpoint:
    """A server and the model to ask there. Safe to use from threads."""

    url: str
    model: str
    session: Session = field(repr=False)
    plain: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(self, system: str, question: str) -> Answer:
        """The model's answer, asked for as JSON at temperature 0.

        Raises :class:`Unanswered` where the server refuses this question or says what cannot be read,
        :class:`landing.TransientError` where trying again did not help, and :class:`OperationalError` where it will
        refuse every question.
        """
        asked: dict[str, Any] = {
            "model": self.model,
            "temperature": 0,
            "max_tokens": MAX_ANSWER,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}],
        }
        if not self.plain:
            asked["response_format"] = {"type": "json_object"}
        body = json.dumps(asked).encode()
        response = self.session.post(
            f"{self.url}/chat/completions", body, headers={"Content-Type": "application/json"}, cap=_CAP
        )
        if response.status == 400 and not self.plain and b"response_format" in response.body:
            with self._lock:
                self.plain = True
            return self.ask(system, question)
        if response.status in (401, 402, 403, 404):
            raise OperationalError(_refusal(response.status, self.url, self.model))
        if response.status != 200 or response.truncated:
            raise Unanswered(f"the server answers {response.status}{' without end' if response.truncated else ''}")
        return _read(response.body)


def _read(body: bytes) -> Answer:
    try:
        told = _completion.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise Unanswered("the server's answer is no completion") from None
    if not told.choices:
        raise Unanswered("the server's answer holds no choice")
    first = told.choices[0]
    return Answer(first.message.content or "", first.finish_reason == "length", told.usage)


def _refusal(status: int, url: str, model: str) -> str:
    host = origin(url)[1]
    if status == 404:
        return f"{host} has no chat/completions below that address, or no model {model!r} (404)."
    if status == 402:
        return f"{host} asks for payment (402)."
    return f"{host} refuses the request ({status}); is OPENAI_API_KEY the key for it?"


def endpoint(
    url: str,
    model: str,
    *,
    key: str | None,
    agent: str,
    patience: Patience | None = None,
    on_wait: Waiting | None = None,
    connections: int = 16,
) -> Endpoint:
    """An endpoint such as ``https://host/v1``. The key goes to that scheme, host and port, and never in the clear
    to another machine.
    """
    url = url.rstrip("/").removesuffix("/chat/completions")
    scheme, host, _ = origin(url)
    if scheme not in ("http", "https") or not host:
        raise UsageError(f"{url!r} is no address of a server; write https://host/v1.")
    guarded = scheme == "https" or host in ("127.0.0.1", "localhost", "::1")
    session = Session(
        url,
        Budget(on_wait),
        agent,
        token=key if guarded else None,
        # A model may think for minutes before its first byte.
        patience=patience or Patience(attempts=5, silence=180.0, deadline=300.0, refusals=10),
        connections=connections,
    )
    return Endpoint(url, model, session)
