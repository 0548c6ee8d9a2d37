"""Cards: every card can be decoded, and what is decoded can be written as JSON."""

from __future__ import annotations

import gzip
import json
import time

import pytest
from crawling import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import cards, headers
from crawler.frontmatter import read_yaml, split

FULL = """---
license: apache-2.0
language: [no, en]
date: 2024-01-02
lr: 1e-3
co2_eq_emissions: {emissions: 4.2e-05}
model-index:
- name: x
  results: []
---

# A *model* with `code` ![i](u)

Words here, [a link](http://a.b) and https://c.d/e.

```python
# not a heading
from x import y  # http://no.link
```

Setext
------

[More Information Needed]

| a | b |
|---|---|
| 1 | 2 |

<h3 align="center">Deep</h3>

## 模型描述

这是一个模型
"""


def test_a_whole_card():
    found = cards.decode(FULL.encode())
    matter = found["front_matter"]
    assert found["front_matter_valid"] and matter["language"] == ["no", "en"]
    assert (
        matter["date"] == "2024-01-02"
        and matter["lr"] == 0.001
        and matter["co2_eq_emissions"]["emissions"] == 4.2e-05
    )
    counted = {"code_blocks": 1, "links": 2, "images": 1, "tables": 1, "placeholders": 1}
    assert {name: found["text"][name] for name in counted} == counted
    assert [(section["level"], section["title"]) for section in found["sections"]] == [
        (1, "A model with code i"), (2, "Setext"), (3, "Deep"), (2, "模型描述"),
    ]  # fmt: skip
    assert found["sections"][3]["words"] == 6 and found["sections"][1]["placeholders"] == 1


@pytest.mark.parametrize(
    ("body", "has", "valid"),
    [
        (b"", False, None),
        (b"# no front matter\n---\na: 1\n---\n", False, None),
        (b"---\n---\n", True, True),
        (b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\n# x\r\n", True, True),
        (b"---\na: [1\n---\n", True, False),
        (b"---\n- a\n---\n", True, False),
        (b"---\na: &x [*x]\n---\n", True, False),
        (b"---\na: !!python/object/apply:os.system [ls]\n---\n", True, False),
        (b"---\n? {a: b}\n: c\n---\n", True, False),
        (b"---\na: 1\n", False, None),
        (b"---\na: caf\xe9\n---\n", True, True),
    ],
)
def test_front_matter(body, has, valid):
    found = cards.decode(body)
    assert (found["has_front_matter"], found["front_matter_valid"]) == (has, valid)
    assert (found["front_matter"] is None) == (valid is not True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("true", True), ("~", None), ("0x1F", 31), ("0o17", 15), ("12:30", "12:30"),
        ("010", 10), ("1_000", "1_000"), (".nan", ".nan"), ("-.inf", "-.inf"), ("2024-13-45", "2024-13-45"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), ("{1: a, null: b, false: c}",
        {"1": "a", "null": "b", "false": "c"}), ("!!binary aGk=", "aGk="), ("!!set {a, b}", ["a", "b"]),
    ],
)  # fmt: skip
def test_values_are_those_of_yaml_1_2_and_fit_into_json(text, value):
    found, error = read_yaml(f"x: {text}")
    assert error is None
    got = found["x"]
    assert (sorted(got) if isinstance(got, list) else got) == value
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "- " * 100_000,
        "\n".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9) if i else 1}]" for i in range(12)),
        "a: " + "x" * 3_000_000,
        "a: {" * 5_000,
    ],
)
def test_bombs_do_not_go_off(text):
    began = time.process_time()
    found, error = read_yaml(text)
    assert found is None and error and time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300_000,
        "![[" * 100_000,
        "<h1>" * 80_000,
        "\n" * 400_000,
        " " * 400_000,
        "# a\n" * 90_000,
        "](a)" * 99_000,
    ],
)
def test_no_text_takes_for_ever(text):
    began = time.process_time()
    json.dumps(cards.decode(text.encode()))
    assert time.process_time() - began < 8


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"---\n", b"---\na: 1\n---\n", b"# "]))
def test_any_bytes_can_be_decoded(body, start):
    json.dumps(cards.decode(start + body + b"\n---\n" + body), allow_nan=False).encode()


# Letters, digits and signs of all scripts: JSON's escapes of the rest are not YAML's.
_text = st.text(st.characters(categories=["L", "N", "P"]), max_size=12)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_text, _values, max_size=4))
def test_what_json_can_say_comes_back(value):
    # JSON is YAML, so front matter written as JSON must come back as it was.
    text = json.dumps(value, ensure_ascii=False)
    assert split(f"---\n{text}\n---\nbody") == (text + "\n", "body")
    assert read_yaml(text) == (value, None)


def test_heads_of_safetensors():
    body = json.dumps(
        {"__metadata__": {"format": "pt"}, "a": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}}
    )
    found = headers.decode(body.encode())
    assert found["parameters"] == {"F16": 6} and found["tensors"] == 1 and found["format"] == "pt"
    assert (
        headers.decode(b"{}")["error"] is None and headers.decode(b"[]")["error"] and headers.decode(b"\xff")["error"]
    )
    huge = b'{"a": {"dtype": "F16", "shape": [9999999999, 9999999999, 9999999999]}}'
    assert headers.decode(huge)["error"]
    assert (
        headers.length(b"\x10" + bytes(7)) == 16
        and headers.length(b"\xff" * 8) is None
        and headers.length(b"") is None
    )


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_head_can_be_decoded(body):
    json.dumps(headers.decode(body), allow_nan=False)
    json.dumps(headers.decode(b'{"a":' + body + b"}"), allow_nan=False)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the shared dumps are not here")
def test_every_card_of_2022_decodes():
    began, valid, total = time.process_time(), 0, 0
    with gzip.open(SHARED / "hf" / "2022-02-15_model_cards.jsonl.gz") as lines:
        for line in lines:
            found = cards.decode(json.loads(line)["readme"].encode())
            total += 1
            valid += found["has_front_matter"]
    assert (total, valid) == (16_590, 13_916)
    assert time.process_time() - began < 60
