"""SARIF: what services read from it, checked against the parts of the 2.1.0 schema that it uses."""

import json
import re

import jsonschema
import pytest
from format_samples import everything, write

from probe.finding import FileReport, Finding, Rule, Severity
from probe.scan import scan
from probe.scan.engine import rules as all_rules
from probe.scan.sarif import sarif

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
INDEX = {"type": "integer", "minimum": -1}
PLACE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"uri": {"type": "string", "format": "uri-reference"}, "index": INDEX},
}
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "physicalLocation": {"type": "object", "properties": {"artifactLocation": PLACE}},
        "logicalLocations": {"type": "array", "items": {"properties": {"fullyQualifiedName": {"type": "string"}}}},
    },
}
RULE = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": TEXT,
        "defaultConfiguration": {"properties": {"level": LEVEL}},
        "properties": {"type": "object"},
    },
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": INDEX,
        "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
        "level": LEVEL,
        "message": TEXT,
        "locations": {"type": "array", "items": LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "properties": {"type": "object"},
    },
}
ARTIFACT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "location": PLACE,
        "length": {"type": "integer", "minimum": -1},
        "hashes": {"type": "object", "additionalProperties": {"type": "string"}},
        "properties": {"type": "object"},
    },
}
INVOCATION = {
    "type": "object",
    "required": ["executionSuccessful"],
    "properties": {
        "executionSuccessful": {"type": "boolean"},
        "toolExecutionNotifications": {
            "items": {"required": ["message"], "properties": {"message": TEXT, "level": LEVEL}}
        },
    },
}
RUN = {
    "type": "object",
    "required": ["tool"],
    "additionalProperties": False,
    "properties": {
        "tool": {
            "required": ["driver"],
            "properties": {
                "driver": {"required": ["name"], "properties": {"rules": {"items": RULE, "uniqueItems": True}}}
            },
        },
        "invocations": {"type": "array", "items": INVOCATION},
        "artifacts": {"type": "array", "items": ARTIFACT, "uniqueItems": True},
        "results": {"type": "array", "items": RESULT},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"enum": ["2.1.0"]},
        "$schema": {"format": "uri"},
        "runs": {"type": "array", "items": RUN},
    },
}


def checked(log):
    json.dumps(log, allow_nan=False).encode()
    jsonschema.validate(log, SCHEMA)
    (run,) = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == sorted(set(ids))
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        # The standard: "level" must be "none" wherever "kind" is not "fail".
        assert (result["kind"] == "fail") == (result["level"] != "none")
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert run["artifacts"][place["index"]]["location"]["uri"] == place["uri"]
    return run


def report(path="model.bin", findings=(), sha256="a" * 64):
    return FileReport(path, sha256, 10, list(findings))


def finding(severity=Severity.DANGEROUS, rule="r", message="m", where="model.bin!x"):
    return Finding(rule, severity, message, where)


def test_a_real_scan(tmp_path):
    write(tmp_path, "a b/config.json", '{"auto_map": {"AutoModel": "x.Y"}}')
    write(tmp_path, "chat_template.jinja", "{{ cycler.__init__.__globals__ }}{{ messages }}")
    write(tmp_path, "README.md", "# nothing\n")
    run = checked(sarif(scan([tmp_path]), all_rules()))
    assert sorted(result["ruleId"] for result in run["results"]) == ["remote-code", "template-internals"]
    assert len(run["artifacts"]) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", artifact["hashes"]["sha-256"]) for artifact in run["artifacts"])
    assert any("a%20b/config.json" in artifact["location"]["uri"] for artifact in run["artifacts"])


def test_every_rule_of_the_scan_has_words():
    run = checked(sarif([], all_rules()))
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(all_rules())
    assert all(len(rule["shortDescription"]["text"]) > 8 for rule in run["tool"]["driver"]["rules"])


@pytest.mark.parametrize(
    ("severity", "level", "kind"),
    [
        (Severity.NOTE, "none", "informational"),
        (Severity.UNLISTED, "note", "fail"),
        (Severity.ERROR, "warning", "fail"),
        (Severity.SUSPICIOUS, "warning", "fail"),
        (Severity.DANGEROUS, "error", "fail"),
    ],
)
def test_levels(severity, level, kind):
    rule = Rule("r", severity, "a title", "some help")
    run = checked(sarif([report(findings=[finding(severity)])], {"r": rule}))
    assert (run["results"][0]["level"], run["results"][0]["kind"]) == (level, kind)
    assert ("toolExecutionNotifications" in run["invocations"][0]) == (severity is Severity.ERROR)


def fingerprints(*reports):
    return [one["partialFingerprints"]["hubcensus/v1"] for one in checked(sarif(reports, {}))["results"]]


def test_fingerprints_outlive_a_new_name_and_tell_findings_apart():
    first, second = finding(), finding(where="model.bin!y")
    (a, b) = fingerprints(report(findings=[first, second]))
    assert a != b
    moved = [finding(where="new/name.bin!x")]
    assert fingerprints(report("new/name.bin", moved)) == [a]
    assert fingerprints(report(findings=[first], sha256="b" * 64)) != [a]
    assert len(set(fingerprints(report(findings=[first, first])))) == 2


@pytest.mark.parametrize(
    "path", ["a b#c?.bin", "../x", "/tmp/ä.bin", "C:\\x\\y.bin", "bad\udcff.bin", "100%.bin", "line\nbreak", "a:b/c"]
)
def test_odd_paths_are_uri_references(path):
    run = checked(sarif([report(path, [finding(message="", where=path + "!" + "z" * 9000)], None)], {}))
    uri = run["artifacts"][0]["location"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9\-._~:/!$&'()*+,;=@%]*", uri)
    assert "hashes" not in run["artifacts"][0]


def test_nothing_scanned_is_a_valid_log():
    assert checked(sarif([], {}))["results"] == []
    assert everything(b"") == []
