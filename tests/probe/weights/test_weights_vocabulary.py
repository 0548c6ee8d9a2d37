"""Tokens of rows and their rank, from every kind of file, and from files that lie."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.weights.formats import Unreadable
from probe.weights.vocabulary import by_order, read_vocabulary


def ranks(vocabulary):
    return {token: int(rank) for token, rank in zip(vocabulary.tokens, vocabulary.rank, strict=True)}


def tokenizer(folder, model, added=()):
    (folder / "tokenizer.json").write_text(json.dumps({"model": model, "added_tokens": list(added)}))
    return read_vocabulary(folder)


def test_the_order_of_bert_s_vocabulary_ranks_words_and_skips_what_it_says_nothing_of(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[unused1]\n[CLS]\na\n##b\nthe\nof\n##ing\ncf\n")
    read = read_vocabulary(tmp_path)
    assert ranks(read) == {
        "[PAD]": -1, "[unused1]": -1, "[CLS]": -1, "a": -1, "##b": -1, "the": 0, "of": 1, "##ing": 2, "cf": 3,
    }  # fmt: skip
    assert "vocab.txt" in read.proxy
    assert read.ranked == 4


def test_a_tokenizer_file_names_added_tokens_and_leaves_them_unranked(tmp_path):
    vocab = {"<s>": 0, "Ġthe": 1, "Ġof": 2, "zq": 3}
    read = tokenizer(tmp_path, {"type": "BPE", "vocab": vocab}, [{"id": 5, "content": "<extra>", "special": True}])
    assert read.tokens == ("<s>", "Ġthe", "Ġof", "zq", None, "<extra>")
    assert list(read.rank) == [-1, 0, 1, 2, -1, -1]
    assert [read.name(row) for row in (3, 4, 99)] == ["zq", "#4", "#99"]


def test_unigram_pieces_are_ranked_by_their_log_probability_not_their_place(tmp_path):
    read = tokenizer(tmp_path, {"type": "Unigram", "vocab": [["<unk>", 0], ["rare", -14.0], ["▁the", -2.5]]})
    assert ranks(read) == {"<unk>": -1, "▁the": 0, "rare": 1}


def test_a_sentencepiece_model_is_read_without_its_library(tmp_path):
    def piece(text, score, kind=1):
        body = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", score) + b"\x18" + bytes([kind])
        return b"\x0a" + bytes([len(body)]) + body

    (tmp_path / "tokenizer.model").write_bytes(
        piece(b"<s>", 0, 3) + piece(b"abc", -9.0) + piece("▁de".encode(), -1.0)
    )
    assert ranks(read_vocabulary(tmp_path)) == {"<s>": -1, "▁de": 0, "abc": 1}
    (tmp_path / "tokenizer.model").write_bytes(piece(b"abc", -9.0)[:-4])
    with pytest.raises(Unreadable, match="cut or malformed"):
        read_vocabulary(tmp_path)


def test_a_supplied_table_of_counts_replaces_the_order(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\nthe\na\ncf\n")
    read = read_vocabulary(tmp_path, {"the": 10.0, "a": 50.0})
    assert ranks(read) == {"a": 0, "the": 1, "[PAD]": 2, "cf": 3}
    assert "supplied" in read.proxy


@pytest.mark.parametrize(
    "content",
    [
        "[1]", "{}", '{"model": 3}', '{"model": {"vocab": {"a": -1}}}', '{"model": {"vocab": {"a": 1e9}}}',
        '{"model": {"vocab": {"a": true}}}', '{"model": {"vocab": {"a": 99999999999}}}',
        '{"model": {"vocab": [["a"]]}}', '{"model": {"vocab": [[1, 2]]}}', "[" * 100_000,
    ],
)  # fmt: skip
def test_a_malformed_tokenizer_is_refused_with_a_sentence(content, tmp_path):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(Unreadable):
        read_vocabulary(tmp_path)


def test_without_a_file_there_is_none_and_rows_have_numbers(tmp_path):
    assert read_vocabulary(tmp_path) is None
    assert by_order(3).name(2) == "#2"


@given(st.lists(st.text(st.characters(exclude_characters="\n\r"), min_size=1), unique=True, max_size=40))
def test_ranks_are_always_a_permutation_of_what_is_ranked(tmp_path_factory, tokens):
    folder = tmp_path_factory.mktemp("vocabulary")
    (folder / "vocab.txt").write_bytes("\n".join(tokens).encode("utf-8", "replace") + b"\n")
    read = read_vocabulary(folder)
    assert len(read.tokens) == max(len(tokens), 1)
    known = read.rank[read.rank >= 0]
    assert np.array_equal(np.sort(known), np.arange(len(known)))
