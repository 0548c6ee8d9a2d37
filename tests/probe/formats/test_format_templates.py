"""Chat templates: attacks are seen wherever they stand and however they are spelt; honest ones are left alone."""

import json
import time

import pytest
from chat_templates import BENIGN, BUILT, OTHER, PLAIN
from format_samples import RELAXED, ask, detector, everything, gguf_template, rules
from hypothesis import given
from hypothesis import strategies as st

FLAGS = {"template-internals", "template-construct"}
CARRIERS = {
    "tokenizer_config.json": lambda text: json.dumps({"tokenizer_class": "X", "chat_template": text}),
    "list of templates": lambda text: json.dumps(
        {"chat_template": [{"name": "default", "template": "{{ messages }}"}, {"name": "tool_use", "template": text}]}
    ),
    "nested": lambda text: json.dumps({"a": [{"b": {"prompt_template": text}}]}),
    "escaped": lambda text: "{" + '"chat_template": "' + "".join(f"\\u{ord(c):04x}" for c in text) + '"}',
    "chat_template.jinja": lambda text: text,
    "model_config.yaml": lambda text: f"name: model\nchat_template: |-\n  {text}\n",
    "blanks first": lambda text: " " * 5000 + json.dumps({"chat_template": text}),
    "utf-8 with a mark": lambda text: "\ufeff" + json.dumps({"chat_template": text}),
}


@pytest.mark.parametrize("name", BENIGN)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_templates_of_real_models_are_clean(name, carrier):
    assert everything(CARRIERS[carrier](BENIGN[name]), carrier) == []
    assert rules("gguf", gguf_template(BENIGN[name])) == []


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", [*PLAIN, *BUILT])
def test_an_attack_is_seen_in_every_carrier(name, carrier):
    text = (PLAIN | BUILT)[name]
    assert FLAGS & set(rules("template", CARRIERS[carrier](text), carrier))


@pytest.mark.parametrize("name", [*PLAIN, *BUILT])
def test_an_attack_is_seen_in_gguf(name):
    text = (PLAIN | BUILT)[name]
    assert FLAGS & set(rules("gguf", gguf_template(text)))
    assert FLAGS & set(rules("gguf", gguf_template(text, "tokenizer.chat_template.tool_use")))


@pytest.mark.parametrize("name", PLAIN)
def test_naming_the_internals_is_dangerous_not_only_odd(name):
    assert "template-internals" in rules("template", PLAIN[name])


@pytest.mark.parametrize("name", OTHER)
def test_other_misuse(name):
    text, rule = OTHER[name]
    assert rule in rules("template", json.dumps({"chat_template": text}))
    assert rule in rules("template", text)


def test_an_attack_hides_neither_among_honest_text_nor_behind_syntax_errors():
    honest = BENIGN["tools"] * 20
    assert rules("template", honest + PLAIN["cycler"]) == ["template-internals"]
    broken = "{% if messages %}{{ cycler.__init__.__globals__ }}{{ 1 +"
    assert "template-internals" in rules("template", json.dumps({"chat_template": broken + "}}"}))


def test_a_chat_template_that_is_no_jinja_is_a_note_and_other_text_with_braces_is_none():
    assert rules("template", json.dumps({"chat_template": "{{ messages | }}"})) == ["template-unparsable"]
    assert rules("template", json.dumps({"citation": "title = {{BERT}: {P}re-training}}"})) == []
    assert rules("template", "@article{x, title={{Deep {L}earning}}, year={2020}}") == []
    assert rules("template", "env:\n  KEY: ${{ secrets.KEY }}\n  path: ${{ github.workspace }}/x\n") == []


def test_a_template_that_is_too_large_is_said_so_and_still_searched():
    text = "{% for m in messages %}" + "A" * 300_000 + "{% endfor %}{{ cycler.__init__ }}"
    assert rules("template", json.dumps({"chat_template": text})) == ["template-internals", "template-too-large"]


def test_a_document_that_quotes_an_attack_is_no_attack():
    text = "# Security\n\nNever render `{{ cycler.__init__.__globals__ }}` from messages.\n"
    assert rules("template", text, "README.md") == ["template-in-prose"]
    assert rules("template", text, "chat_template.jinja") == ["template-internals"]


def test_where_names_the_key_and_the_line():
    (found,) = ask("template", json.dumps({"chat_template": "{{ messages }}\n\n{{ messages.__class__ }}"}))
    assert found.where.endswith("chat_template line 3")


@RELAXED
@given(st.text(st.sampled_from("{}%|_'\"()[].~*+-= \nabcdefgirtun_clsmx0159"), max_size=200))
def test_no_text_breaks_it(text):
    for carrier in ("tokenizer_config.json", "chat_template.jinja"):
        found = ask("template", CARRIERS[carrier](text))
        assert {one.rule for one in found} <= set(detector("template").rules)


@RELAXED
@given(st.sampled_from(sorted(PLAIN)), st.sampled_from(sorted(BENIGN)), st.booleans())
def test_an_attack_beside_any_honest_template_is_seen(attack, honest, first):
    parts = [PLAIN[attack], BENIGN[honest]]
    assert "template-internals" in rules("template", "\n".join(parts if first else parts[::-1]))


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 100_000,
        "{{ " + "(" * 50_000 + " }}",
        "{%" * 100_000 + "%}",
        "{{ a" + ".b" * 50_000 + " }}",
        "{{ " + "a~" * 50_000 + "a }}",
        "{{ " + "[" * 3000 + "]" * 3000 + " }}",
        "{% if a %}" * 5000 + "}}",
    ],
)
def test_hostile_shapes_end(text):
    began = time.process_time()
    found = ask("template", json.dumps({"chat_template": text}), seconds=20) + ask("template", text, seconds=20)
    assert time.process_time() - began < 20
    assert all(len(one.message) < 4000 for one in found)
