"""The abstract machine against pickletools, and against anything at all."""

from __future__ import annotations

import collections
import datetime
import pickle
import pickletools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scan_corpus import GADGETS, MALICIOUS, OS4, call, g, p, run, sg, u

from probe.scan import scan_bytes
from probe.scan.pickles.machine import WINDOW, Machine
from probe.scan.pickles.reader import read

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=300),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.frozensets(st.integers())
    ),
    max_leaves=40,
)


def walked(data: bytes) -> Machine:
    machine = Machine(memoryview(data))
    machine.run()
    return machine


def imported(data: bytes) -> set[tuple[str, str]]:
    """The names as pickletools tells them, for streams without tricks."""
    found, strings, memo = set(), [], {}
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            found.add(tuple(argument.split(" ")))
        elif opcode.name == "STACK_GLOBAL":
            found.add(tuple(strings[-2:]))
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = strings[-1] if strings else None
        elif opcode.name == "BINGET":
            strings.append(memo.get(argument))
        elif isinstance(argument, str):
            strings.append(argument)
        else:
            strings.append(None)
    return found


@given(PLAIN, st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_plain_data_is_clean_and_read_to_its_end(value, protocol):
    data = pickle.dumps(value, protocol)
    machine = walked(data)
    assert machine.program.complete == 1
    assert machine.program.end == len(data)
    assert not machine.program.oddities
    # Protocols below 3 write bytes by a call of _codecs.encode, and frozensets by one of builtins.frozenset.
    assert {name for _, name in machine.program.uses} <= {"encode", "bytes", "frozenset"}
    assert scan_bytes(data, "x.pkl").verdict == "clean"


@pytest.mark.parametrize("protocol", range(6))
def test_the_same_names_as_pickletools(protocol):
    values = [
        collections.OrderedDict(a=1),
        [datetime.datetime(2020, 1, 1), datetime.timedelta(1)] * 3,
        {1: collections.Counter("aab"), 2: collections.deque([1]), 3: 1j, 4: range(3)},
        [ValueError("x"), print, len, dict.fromkeys, {1}][:3],
    ]
    for value in values:
        data = pickle.dumps(value, protocol)
        machine = walked(data)
        assert set(machine.program.uses) == imported(data)
        assert machine.program.end == len(data)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_windows_and_frames_of_every_size_fit_together(protocol):
    rng = random.Random(protocol)
    values = [
        rng.choice(["x" * rng.randrange(70_000), rng.random(), [1] * 50, b"y" * rng.randrange(99_999)])
        for _ in range(60)
    ]
    values += [*range(300_000), collections.OrderedDict()]
    data = pickle.dumps(values, protocol)
    assert len(data) > 2 * WINDOW
    machine = walked(data)
    assert machine.program.end == len(data)
    assert set(machine.program.uses) - {("_codecs", "encode")} == {("collections", "OrderedDict")}
    assert not machine.program.oddities


@given(st.binary(max_size=2000))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_judged(data):
    for name in ("x.pkl", "x.bin"):
        report = scan_bytes(data, name)
        assert not [finding for finding in report.findings if finding.rule == "scan-failed"], report.findings
    # Whatever follows a header is read without a word of complaint from Python.
    read(memoryview(b"\x80\x04" + data), lambda: None)


@given(st.sampled_from(sorted(MALICIOUS)), st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_streams_never_crash(name, rng, changes):
    data = bytearray(MALICIOUS[name][:4000])
    for _ in range(changes):
        what, at = rng.randrange(3), rng.randrange(len(data) or 1)
        if what == 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif what == 1:
            del data[at : at + rng.randrange(1, 5)]
        else:
            data[at:at] = rng.randbytes(rng.randrange(1, 5))
    report = scan_bytes(bytes(data), "x.pkl")
    assert not [finding for finding in report.findings if finding.rule == "scan-failed"], report.findings


@given(st.sampled_from(GADGETS), st.binary(max_size=200), PLAIN)
@settings(max_examples=150, deadline=None)
def test_a_gadget_is_found_whatever_surrounds_it(gadget, tail, value):
    body = pickle.dumps(value, 4)[:-1]
    data = body + b"0" + call(sg(*gadget), u("true")) + b"." + tail
    report = scan_bytes(data, "x.pkl")
    assert any(gadget[1] in finding.message and finding.severity >= 3 for finding in report.findings)


def test_uses_and_arguments():
    data = p(
        call(g("os", "system"), u("echo"))
        + sg("a", "Made") + b")\x81" + sg("b", "Seen") + b"\x86\x86"
    )  # fmt: skip
    uses = walked(data).program.uses
    assert {name: use.how for name, use in uses.items()} == {
        ("os", "system"): "called", ("a", "Made"): "built", ("b", "Seen"): "imported",
    }  # fmt: skip
    finding = next(one for one in scan_bytes(data).findings if one.rule == "pickle-dangerous-global")
    assert "os.system('echo')" in finding.message


def test_messages_stay_short_whatever_is_doubled():
    # 60 times a pair of itself: 2 ** 60 items if anyone wrote them out.
    doubled = u("x") + b"2\x86" * 60 + b"\x85"
    report = scan_bytes(p(g("os", "system") + doubled + b"R"))
    assert report.verdict == "dangerous"
    assert all(len(finding.message) < 3000 for finding in report.findings)


def test_memo_slots_far_away_do_not_fill_memory():
    report = scan_bytes(p(u("x") + b"r\xff\xff\xff\x7f"))
    assert "pickle-wild-memo" in {finding.rule for finding in report.findings}


def test_frames_that_disagree_with_opcodes():
    for name in ("frame that is straddled", "frame in a frame"):
        assert "pickle-frame-mismatch" in {finding.rule for finding in scan_bytes(MALICIOUS[name]).findings}


@pytest.mark.parametrize("escape", [b"\\\x00", b"\\q", b"\\400", b"\\x"])
def test_an_escape_that_python_does_not_know_is_no_failure(escape):
    """The name around it is read where the escape stands for itself; nothing is a failure of the scan."""
    report = scan_bytes(b"S'os" + escape + b"'\nS'system'\n\x93S'id'\n\x85R.", "x.pkl")
    assert not {finding.rule for finding in report.findings} & {"scan-failed"}
    assert report.verdict != "clean"


def test_the_second_stream_may_use_the_memo_of_its_own_only():
    first = p(u("os") + b"\x94")
    machine = Machine(memoryview(first + p(b"h\x00")))
    assert machine.run()
    assert not machine.run(machine.program.end)


def test_text_is_no_pickle():
    for text in (
        b"class Foo:\n    pass\n",
        b"import os\nos.system('x')\n",
        b"I am.\n",
        b"N",
        b".",
        b"N.",
        b"cos\nsystem\nof\n",
    ):
        assert scan_bytes(text, "notes.txt").verdict in ("clean", "unlisted")
        assert "pickle" not in scan_bytes(text, "notes.txt").formats
    assert "pickle" in scan_bytes(OS4, "notes.txt").formats
    assert scan_bytes(run("collections", "OrderedDict"), "notes.txt").verdict in ("clean", "unlisted")
