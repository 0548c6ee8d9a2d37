"""Ways in which the id of a model comes to the call that loads it: tables, loops, branches, formats."""

from __future__ import annotations

from simhub.github._template import python

TABLES = (
    python(
        "dictionary_lookup",
        """
        from transformers import AutoModel

        ZOO = {
            "small": "<a>",
            "large": "<b>",
            "multilingual": "<c>",
        }


        def by_size(size):
            return AutoModel.from_pretrained(ZOO[size])  #= <a> <b> <c>
        """,
        weight=6,
    ),
    python(
        "dictionary_loop",
        """
        from transformers import AutoTokenizer

        VOCABULARIES = {"english": "<a>", "other": "<b>"}
        for language, vocabulary in VOCABULARIES.items():
            print(language, len(AutoTokenizer.from_pretrained(vocabulary)))  #= <a> <b>
        """,
    ),
    python(
        "nested_dictionary",
        """
        from transformers import AutoModel

        OPTIONS = {"training": {"lr": 1e-4, "backbone": "<a>"}, "seed": 13}
        backbone = AutoModel.from_pretrained(OPTIONS["training"]["backbone"])  #= <a>
        """,
    ),
    python(
        "spread_keywords",
        """
        from transformers import AutoModel

        how = {"pretrained_model_name_or_path": "<a>", "output_attentions": True}
        attentive = AutoModel.from_pretrained(**how)  #= <a>
        """,
        weight=1,
    ),
    python(
        "list_loop",
        """
        from transformers import AutoModel

        for candidate in ["<a>", "<b>", "<c>"]:
            net = AutoModel.from_pretrained(candidate)  #= <a> <b> <c>
            print(candidate, net.num_parameters())
        """,
        weight=5,
    ),
    python(
        "tuple_loop",
        """
        from transformers import AutoModel

        SIZES = [("<a>", 768), ("<b>", 1024)]


        def check_sizes():
            for name, width in SIZES:
                assert AutoModel.from_pretrained(name).config.hidden_size == width  #= <a> <b>
        """,
    ),
    python(
        "comprehension",
        """
        from transformers import AutoTokenizer

        ENSEMBLE = ("<a>", "<b>")
        tokenizers = [AutoTokenizer.from_pretrained(member) for member in ENSEMBLE]  #= <a> <b>
        """,
    ),
    python(
        "enumeration",
        """
        from enum import Enum

        from transformers import AutoModel


        class Encoders(str, Enum):
            SMALL = "<a>"
            LARGE = "<b>"


        small_encoder = AutoModel.from_pretrained(Encoders.SMALL.value)  #= <a>
        """,
        weight=2,
    ),
)

BRANCHES = (
    python(
        "branches",
        """
        from transformers import AutoModelForCausalLM


        def for_device(gpu):
            if gpu:
                picked = "<a>"
            else:
                picked = "<b>"
            return AutoModelForCausalLM.from_pretrained(picked)  #= <a> <b>
        """,
        weight=5,
    ),
    python(
        "many_branches",
        """
        from transformers import AutoModel


        def for_language(language):
            if language == "en":
                return AutoModel.from_pretrained("<a>")  #= <a>
            elif language in ("fr", "de"):
                return AutoModel.from_pretrained("<b>")  #= <b>
            raise ValueError(f"no model for {language}, try <c>")
        """,
    ),
    python(
        "conditional_expression",
        """
        from transformers import pipeline

        FAST = False
        guesser = pipeline("fill-mask", model="<a>" if FAST else "<b>")  #= <a> <b>
        """,
        weight=2,
    ),
    python(
        "match_statement",
        """
        from transformers import AutoModel


        def for_domain(domain):
            match domain:
                case "law":
                    domain_model = "<a>"
                case _:
                    domain_model = "<b>"
            return AutoModel.from_pretrained(domain_model)  #= <a> <b>
        """,
        weight=1,
    ),
)

FORMATS = (
    python(
        "format_string",
        """
        from transformers import AutoModel

        ORGANISATION = "<o.owner>"
        VARIANT = "<o.name>"
        formatted = AutoModel.from_pretrained(f"{ORGANISATION}/{VARIANT}")  #= <o>
        """,
        weight=4,
    ),
    python(
        "format_loop",
        """
        from transformers import AutoTokenizer

        for part in ("<o.name>", "extra-<w>"):
            AutoTokenizer.from_pretrained(f"<o.owner>/{part}")  #= <o> <o.owner>/extra-<w>
        """,
        weight=2,
    ),
    python(
        "concatenation",
        """
        from transformers import AutoModel

        PREFIX = "<o.owner>" + "/"
        added = AutoModel.from_pretrained(PREFIX + "<o.name>")  #= <o>
        """,
        weight=2,
    ),
    python(
        "format_method",
        """
        from transformers import AutoModel

        made = AutoModel.from_pretrained("{}/{}".format("<o.owner>", "<o.name>"))  #= <o>
        old_style = AutoModel.from_pretrained("<p.owner>/%s" % "<p.name>")  #= <p>
        """,
        weight=2,
    ),
    python(
        "join_method",
        """
        from transformers import AutoModel

        parts = ["<o.owner>", "<o.name>"]
        put_together = AutoModel.from_pretrained("/".join(parts))  #= <o>
        """,
        weight=0.5,
    ),
)
