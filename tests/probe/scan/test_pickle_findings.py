"""Every way round a scanner that is known, each under its name."""

from __future__ import annotations

import argparse
import collections
import datetime
import decimal
import pathlib
import pickle
import uuid

import pytest
from scan_corpus import DOTTED, GADGETS, MALICIOUS, OS4, PLAIN, b, call, g, p, run, sg, tup, u

from probe.scan import scan_bytes

FLAGGED = ("suspicious", "dangerous")


def rules_of(data: bytes, name: str = "x.pkl") -> set[str]:
    return {finding.rule for finding in scan_bytes(data, name).findings}


@pytest.mark.parametrize("name", sorted(MALICIOUS))
def test_pattern(name):
    report = scan_bytes(MALICIOUS[name], "x.pkl")
    assert report.verdict in FLAGGED
    assert not [finding for finding in report.findings if finding.rule == "scan-failed"]


@pytest.mark.parametrize("gadget", GADGETS, ids=".".join)
def test_gadget_called_and_imported(gadget):
    assert scan_bytes(run(*gadget)).verdict in FLAGGED
    assert scan_bytes(p(g(*gadget), 2)).verdict in FLAGGED


@pytest.mark.parametrize("gadget", DOTTED, ids=".".join)
def test_dotted_name(gadget):
    assert scan_bytes(run(*gadget)).verdict in FLAGGED


@pytest.mark.parametrize(
    ("name", "rule"),
    {
        "computed module name": "pickle-computed-name",
        "type confusion": "pickle-computed-name",
        "partial": "pickle-computed-call",
        "BUILD on a class": "pickle-changes-a-name",
        "items of a class": "pickle-changes-a-name",
        "extension code": "pickle-extension-code",
        "wild memo slot": "pickle-wild-memo",
        "bad opcode after the call": "pickle-broken",
        "no stop": "pickle-truncated",
        "pickle after garbage": "pickle-hidden",
        "payload in a byte string": "pickle-hidden",
        "payload in base64": "pickle-hidden",
        "distribution with source text": "pickle-suspicious-call",
        "function of a framework on no list": "pickle-suspicious-call",
    }.items(),
)
def test_rule(name, rule):
    assert rule in rules_of(MALICIOUS.get(name, MALICIOUS["name from a tuple"]))


def test_classes_of_strangers_are_unlisted_not_flagged():
    for data in (
        run("stranger.models", "Model"),
        p(sg("stranger", "Model") + b")\x81}b"),
        run("stranger", "rebuild"),
    ):
        assert scan_bytes(data).verdict == "unlisted"


def test_constructors_of_vetted_families_are_told_from_objects_made_by_new():
    made = p(sg("torch.nn.modules.linear", "Linear") + b")\x81}b")
    assert scan_bytes(made).verdict == "clean"
    assert scan_bytes(run("torch.nn.modules.linear", "Linear", b"K\x01", b"K\x01")).verdict == "unlisted"


def test_members_of_an_enumeration_by_getattr():
    harmless = p(call(g("builtins", "getattr"), g("transformers.trainer_utils", "IntervalStrategy"), u("STEPS")))
    assert scan_bytes(harmless).verdict == "unlisted"
    for attribute in ("__class__", "steps", "mro"):
        worse = p(call(g("builtins", "getattr"), g("transformers.trainer_utils", "IntervalStrategy"), u(attribute)))
        assert scan_bytes(worse).verdict == "dangerous"
    computed = p(call(g("builtins", "getattr"), call(g("builtins", "dict")), u("STEPS")))
    assert scan_bytes(computed).verdict == "dangerous"


def test_functions_of_arrays_by_name():
    for module, name, verdict in (
        ("numpy", "add", "clean"), ("scipy.special", "expit", "clean"), ("numpy", "load", "dangerous"),
        ("os", "system", "dangerous"), ("numpy", "os.system", "dangerous"),
    ):  # fmt: skip
        assert scan_bytes(p(call(g("numpy.core", "_ufunc_reconstruct"), u(module), u(name)))).verdict == verdict


def test_type_of_a_value_and_a_class_made_by_type():
    assert scan_bytes(pickle.dumps(type(None))).verdict == "clean"
    assert scan_bytes(run("builtins", "type", u("X"), b")", b"}")).verdict == "suspicious"


def test_tensors_pickled_plainly_are_looked_into():
    harmless = p(call(g("torch.storage", "_load_from_bytes"), b(PLAIN)))
    assert scan_bytes(harmless).verdict == "unlisted"
    assert scan_bytes(p(call(g("torch.storage", "_load_from_bytes"), b(OS4)))).verdict == "dangerous"
    old = call(g("_codecs", "encode"), u(OS4.decode("latin-1")), u("latin1"))
    assert scan_bytes(p(call(g("torch.storage", "_load_from_bytes"), old), 2)).verdict == "dangerous"
    many = tup(
        *[call(g("torch.storage", "_load_from_bytes"), b(PLAIN))] * 20,
        call(g("torch.storage", "_load_from_bytes"), b(OS4)),
    )
    assert scan_bytes(p(many)).verdict == "dangerous"


def test_legacy_module_class_by_persistent_id():
    """torch before 1.6 names the class of a module by a persistent id with its source."""
    key = tup(u("module"), g("torch.nn.modules.linear", "Linear"), u("linear.py"), u("class Linear: ...")) + b"Q"
    assert scan_bytes(p(key + b")\x81}b", 2)).verdict == "clean"
    key = tup(u("module"), g("os", "system")) + b"Q"
    assert scan_bytes(p(key + tup(u("true")) + b"R", 2)).verdict == "dangerous"


def test_what_it_imports_is_told():
    report = scan_bytes(p(call(g("collections", "OrderedDict")) + sg("torch", "float32") + b"\x86"))
    note = next(finding for finding in report.findings if finding.rule == "pickle-imports")
    assert note.details["globals"] == {"collections.OrderedDict": "called", "torch.float32": "imported"}
    assert report.verdict == "clean"


def test_expected_pickles_that_are_none():
    assert rules_of(b"\x80\x04\xff\xff") == {"pickle-malformed"}
    assert rules_of(b"\x80\x04\xff\xff", "weights.bin") == set()
    assert scan_bytes(PLAIN[:-1], "x.pkl").verdict == "error"
    assert scan_bytes(pickle.dumps(list(range(100)))[:-1], "weights.bin").verdict == "error"


@pytest.mark.parametrize("protocol", range(6))
def test_plain_objects_are_clean(protocol):
    values = [
        {"a": [1, 2.5, None, True, b"x", "é", 2**90, -1]},
        collections.OrderedDict(a=1), collections.defaultdict(list), collections.Counter("aab"),
        collections.deque([1]),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), datetime.timedelta(1), datetime.date(2020, 1, 1),
        pathlib.PurePosixPath("a/b"), 1j, {1}, frozenset([1]), range(3), slice(1), bytearray(b"x"),
        decimal.Decimal(1),
        uuid.UUID(int=1), argparse.Namespace(lr=1e-3), ["os.system('x')", "cos\nsystem\n(S'x'\ntR.", "builtins.eval"],
        {"eval": 1, "exec": 2, "__import__": 3, "os": 4, "system": 5}, ValueError("x"), ..., b"\x80\x04" * 50,
    ]  # fmt: skip
    for value in values:
        report = scan_bytes(pickle.dumps(value, protocol), "x.pkl")
        assert report.verdict == "clean", (value, report.findings)
