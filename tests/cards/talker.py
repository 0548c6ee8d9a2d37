"""A language model's server on loopback that answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Talker:
    """``reply`` makes the answer to a question; ``asked`` holds every request: (headers, body)."""

    reply: Callable[[int, dict[str, Any]], Reply]
    url: str = ""
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def cards(self) -> list[str]:
        """The cards that were sent, in the order of asking."""
        return [json.loads(body["messages"][1]["content"])["card"] for _, body in self.asked]


def said(text: str, *, prompt: int = 100, answer: int = 20, finish: str = "stop", **headers: str) -> Reply:
    """A completion with this text."""
    told = {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer},
    }
    return 200, headers, json.dumps(told).encode()


def values(*entries: tuple[str, Any, str]) -> Reply:
    """A completion with these fields, values and quotes."""
    names = ("field", "value", "quote")
    return said(json.dumps({"values": [dict(zip(names, entry, strict=True)) for entry in entries]}))


@contextmanager
def talking(reply: Callable[[int, dict[str, Any]], Reply]) -> Iterator[Talker]:
    """Serve; ``reply`` gets the number of the request, from 0, and its body."""
    talker, lock = Talker(reply), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(talker.asked)
                talker.asked.append((dict(self.headers), body))
            status, headers, answer = talker.reply(number, body)
            if self.path != "/v1/chat/completions":
                status, headers, answer = 404, {}, b"{}"
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    talker.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield talker
    finally:
        server.shutdown()
        server.server_close()
