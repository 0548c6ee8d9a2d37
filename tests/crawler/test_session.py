"""The seam to the outside: where the token goes, what is tried again, what is waited for."""

from __future__ import annotations

import email.utils
import time
from datetime import UTC, datetime, timedelta

import pytest
from crawling import PATIENT, everything, go

from crawler.budget import Budget
from crawler.session import Session, retry_after
from landing import OperationalError, TransientError, UsageError

TOKEN = "hf_secret_of_the_test"


def session(loopback, **asked):
    return Session(loopback.endpoint, Budget(), agent="test", token=TOKEN, patience=PATIENT, **asked)


def test_the_token_goes_to_its_host_and_stays_out_of_everything_landed(zone, loopback):
    loopback.pages = [[{"id": "a/1"}], [{"id": "a/2"}]]
    go(zone, loopback.endpoint, token=TOKEN)
    assert all(headers["Authorization"] == f"Bearer {TOKEN}" for _, headers in loopback.seen)
    assert TOKEN.encode() not in everything(zone.root)


def test_a_redirect_to_another_host_gets_no_token(loopback, other):
    loopback.answer = lambda _path: (302, {"Location": f"{other.endpoint}/file?Signature=abc"}, b"")
    other.answer = lambda _path: (200, {}, b"content")
    assert session(loopback).get(loopback.endpoint + "/a/b/resolve/main/README.md", elsewhere=True).body == b"content"
    assert "Authorization" not in other.seen[0][1] and "Authorization" in loopback.seen[0][1]


def test_a_listing_is_not_redirected_to_another_host(loopback, other):
    loopback.answer = lambda _path: (302, {"Location": other.endpoint}, b"")
    with pytest.raises(OperationalError, match="another host"):
        session(loopback).get(loopback.endpoint + "/api/models")
    assert not other.seen


def test_a_redirect_within_the_host_keeps_the_token(loopback):
    loopback.answer = lambda path: (307, {"Location": "/new"}, b"") if path == "/old" else (200, {}, b"here")
    assert session(loopback).get(loopback.endpoint + "/old").body == b"here"
    assert all("Authorization" in headers for _, headers in loopback.seen)


def test_no_password_is_taken_from_netrc(loopback, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    loopback.answer = lambda _path: (200, {}, b"")
    Session(loopback.endpoint, Budget(), agent="test", patience=PATIENT).get(loopback.endpoint)
    assert "Authorization" not in loopback.seen[0][1]


def test_errors_show_no_token_and_no_signature(loopback):
    loopback.answer = lambda _path: (500, {}, b"")
    with pytest.raises(TransientError) as raised:
        session(loopback).get(loopback.endpoint + "/x?Signature=abc")
    assert TOKEN not in str(raised.value) and "Signature" not in str(raised.value) and "500" in str(raised.value)
    assert TOKEN not in repr(session(loopback))


def test_a_token_does_not_travel_unprotected(zone):
    with pytest.raises(UsageError, match="unprotected"):
        go(zone, "http://hub.example", token=TOKEN)
    with pytest.raises(UsageError, match="no endpoint"):
        go(zone, "https://user:password@hub.example")


def test_retry_after_as_a_number_and_as_a_date():
    assert retry_after({"Retry-After": "7"}) == 7
    later = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 <= retry_after({"Retry-After": later}) <= 31
    wrong = {"Retry-After": "Wed, 21 Oct 2015 07:28:10 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert retry_after(wrong) == 10
    assert retry_after({"Retry-After": "soon"}) is None and retry_after({}) is None


@pytest.mark.parametrize("form", ["number", "date"])
def test_a_refusal_is_waited_out(loopback, form):
    asked = (
        "1"
        if form == "number"
        else email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    )
    answers = [(429, {"Retry-After": asked}, b""), (200, {}, b"at last")]
    loopback.answer = lambda _path: answers.pop(0)
    began = time.monotonic()
    assert session(loopback).get(loopback.endpoint).body == b"at last"
    assert 0.9 <= time.monotonic() - began < 20


def test_a_longer_body_than_asked_for_is_cut(loopback):
    loopback.answer = lambda _path: (200, {}, b"x" * 1000)
    response = session(loopback).get(loopback.endpoint, cap=100)
    assert response.truncated and len(response.body) == 100


def test_a_body_that_drips_for_ever_is_given_up(loopback):
    loopback.answer = lambda _path: (200, {"Content-Length": "100"}, b"x" * 10)
    with pytest.raises(TransientError, match="silent"):
        session(loopback).get(loopback.endpoint)
