"""What a decorator gives to the parameters of its function: options of a command line, cases of a test."""

from __future__ import annotations

from crawler.downstream.values import NOTHING, Instance, Items, Text, Values, elements, texts, through, union


def given(name: str, places: list[Values], named: dict[str, Values], parameters: list[str]) -> dict[str, Values]:
    """The values of parameters by the decorator's last name; empty where it gives none."""
    if name in ("option", "argument"):
        return _option(places, named)
    if name == "parametrize" and len(places) + len(named) >= 2:
        words = union(places[0] if places else named.get("argnames", NOTHING))
        return _cases(_names(words), places[1] if len(places) > 1 else named.get("argvalues", NOTHING))
    if name in ("expand", "named_parameters", "parameters"):
        cases = places[0] if name == "expand" and places else (Items(tuple(places)),)
        return _cases(parameters, cases)
    if name == "fixture" and "params" in named:
        return {"request": (Instance(fields={"param": _plain(elements(named["params"]))}),)}
    return {}


def _option(places: list[Values], named: dict[str, Values]) -> dict[str, Values]:
    """The default of a click option or argument."""
    words = [text.text for values in places for text in texts(values)]
    plain = [word for word in words if not word.startswith("-")] or [max(words, key=len, default="")]
    known = through(named.get("default", NOTHING), "command_line_default")
    return {plain[0].lstrip("-").replace("-", "_"): known} if known else {}


def _names(words: Values) -> list[str]:
    """The names of ``"a, b"`` or ``("a", "b")``."""
    listed = elements(words) or words
    return [name.strip() for text in texts(listed) for name in text.text.split(",") if name.strip()]


def _cases(names: list[str], cases: Values) -> dict[str, Values]:
    """What each name is in some case; a case is a value, or one for each name."""
    found: dict[str, list[Values]] = {name: [] for name in names}
    for case in elements(cases):
        if isinstance(case, Items):
            for name, values in zip(names, case.places, strict=False):
                found[name].append(_plain(values))
        elif names:
            found[names[0]].append((case,))
    return {name: through(union(*values), "enumerated") for name, values in found.items() if values}


def _plain(values: Values) -> Values:
    """A case that was wrapped (``pytest.param``) as what is in it."""
    return union(
        *(
            (value.places[0] if value.places else NOTHING) if isinstance(value, Items) else (value,)
            for value in values
        )
    )


def is_fixture(name: str) -> bool:
    """Whether a function so decorated is what parameters of its name stand for."""
    return name in ("fixture", "yield_fixture", "pytest_fixture")


def answered(values: Values) -> Values:
    """What a fixture hands over: what it returns or yields."""
    return union(
        tuple(value for value in values if not isinstance(value, Items)),
        elements(values, "variable"),
        tuple(value for value in values if isinstance(value, Text)),
    )
