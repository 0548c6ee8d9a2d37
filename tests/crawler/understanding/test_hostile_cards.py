"""Cards made to be slow: twice the text may cost about twice the time."""

from __future__ import annotations

import time

import pytest

from crawler.understanding import MAX_TEXT, understand

PIECES = {
    "brackets": "[", "nested links": "[![a](b)](", "pipes": "|",
    "table": "| a | 1 | 2.5 | x |\n|---|---|---|---|\n| f1 | 9 | 9 | 9 |\n",
    "rows": "| accuracy | 91.5 |\n", "tags": "<a href=", "spaces": " ", "quotes": "> ", "stars": "**",
    "digits": "1", "commas": "1,000,", "dots": "a.b.",
    "train": "trained on ", "licence": "license ", "version": "version of ", "fine": "fine-tuned fine tuning ",
    "gpu": "8 x a100 gpu ", "param": "7B parameters ",
    "batch": "learning rate of batch size of ", "metric": "accuracy of f1 of ", "url": "https://github.com/a/b ",
    "bibtex": "@article{a, title={", "fence": "```\n",
    "headings": "# a\n", "labels": "Language: English\n", "limits": "may not produce ",
    "input": "takes input outputs ", "names": "Aa/Bb-Cc ", "colons": "a: ",
    "html": "<tr><td>f1<td>1", "underscores": "_a", "entities": "&nbsp;", "words": "wikipedia english pytorch ",
    "break": "**a** b  \n", "comments": "<!--", "backticks": "`",
}  # fmt: skip


def cost(text: str) -> float:
    start = time.process_time()
    understand(text)
    return time.process_time() - start


@pytest.mark.parametrize("name", PIECES)
def test_time_grows_with_the_text_and_not_with_its_square(name):
    piece = PIECES[name]
    small, large = (piece * (size // len(piece)) for size in (25_000, 100_000))
    first = min(cost(small) for _ in range(2))
    # Four times the text: a square would be sixteen times the time.
    assert cost(large) < 9 * first + 0.5, name


def test_what_is_beyond_the_cap_is_not_read():
    text = "a\n" * (MAX_TEXT // 2) + "\nLicense: MIT\n"
    assert not understand(text)


def test_an_alias_bomb_in_the_front_matter_is_bounded():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"] + [
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]" for n in range(9)
    ]
    lines.append("datasets: *j")
    assert cost("---\n" + "\n".join(lines) + "\n---\n") < 2
