"""One small program per way of writing a model load, and per thing that only looks like one.

Every case is a name, a program (a list is a notebook, one source per code cell) and the set of model ids that a
careful reader would report for it. Cases that the miner does not get right yet are marked, each with its reason.
"""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

from crawler.downstream import miner

Program = str | list[str]


def found(program: Program) -> set[str]:
    """The distinct ids that the miner reports for a program."""
    if isinstance(program, str):
        return {usage.model_id for usage in miner.mine("program.py", dedent(program).encode())}
    cells = [{"cell_type": "code", "source": dedent(cell).splitlines(keepends=True)} for cell in program]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {usage.model_id for usage in miner.mine("notebook.ipynb", json.dumps(notebook).encode())}


def case(name: str, program: Program, *ids: str, wrong: str = ""):
    """A case; ``wrong`` says why it fails today."""
    marks = [pytest.mark.xfail(strict=True, reason=wrong)] if wrong else []
    return pytest.param(program, set(ids), id=name, marks=marks)


LITERALS = [
    case(
        "literal",
        """
        from transformers import AutoModel
        net = AutoModel.from_pretrained("orchid/tiny-bert")
        """,
        "orchid/tiny-bert",
    ),
    case(
        "module_alias",
        """
        import transformers as hf
        tok = hf.AutoTokenizer.from_pretrained("orchid/tok")
        """,
        "orchid/tok",
    ),
    case(
        "name_alias",
        """
        from transformers import AutoTokenizer as Tok, pipeline as make
        tok = Tok.from_pretrained("orchid/tok")
        run = make("fill-mask", model="orchid/mask")
        """,
        "orchid/tok",
        "orchid/mask",
    ),
    case(
        "star_import",
        """
        from transformers import *
        run = pipeline("ner", model="orchid/ner")
        tok = BertTokenizer.from_pretrained("bert-base-cased")
        """,
        "orchid/ner",
        "bert-base-cased",
    ),
    case(
        "legacy_bare_ids",
        """
        from transformers import GPT2LMHeadModel, T5Tokenizer, RobertaModel
        a = GPT2LMHeadModel.from_pretrained("gpt2")
        b = T5Tokenizer.from_pretrained("t5-small")
        c = RobertaModel.from_pretrained("roberta-base")
        """,
        "gpt2",
        "t5-small",
        "roberta-base",
    ),
    case(
        "processor_config_and_keyword",
        """
        from transformers import AutoConfig, AutoProcessor
        cfg = AutoConfig.from_pretrained(pretrained_model_name_or_path="orchid/conf", revision="v2")
        pro = AutoProcessor.from_pretrained("orchid/proc", subfolder="p")
        """,
        "orchid/conf",
        "orchid/proc",
    ),
    case(
        "conditional_import",
        """
        try:
            from transformers import AutoModel
        except ImportError:
            AutoModel = None
        if AutoModel is not None:
            net = AutoModel.from_pretrained("orchid/optional")
        """,
        "orchid/optional",
    ),
    case(
        "import_inside_function",
        """
        def load():
            from transformers import AutoModel
            return AutoModel.from_pretrained("orchid/late")
        """,
        "orchid/late",
    ),
    case(
        "chained_call",
        """
        import torch
        from transformers import AutoModel
        net = AutoModel.from_pretrained("orchid/chain").to("cuda").eval()
        run = torch.compile(AutoModel.from_pretrained("orchid/inner"))
        """,
        "orchid/chain",
        "orchid/inner",
    ),
    case(
        "peft_adapter_is_the_second_argument",
        """
        from peft import PeftModel
        from transformers import AutoModelForCausalLM
        base = AutoModelForCausalLM.from_pretrained("orchid/base")
        net = PeftModel.from_pretrained(base, "orchid/adapter")
        net.load_adapter("orchid/second-adapter", adapter_name="two")
        """,
        "orchid/base",
        "orchid/adapter",
        "orchid/second-adapter",
    ),
    case(
        "unknown_class_of_the_project",
        """
        from mylab.nets import GardenNet
        net = GardenNet.from_pretrained("orchid/garden")
        """,
        "orchid/garden",
    ),
    case(
        "page_address",
        """
        from diffusers import StableDiffusionPipeline
        pipe = StableDiffusionPipeline.from_single_file(
            "https://huggingface.co/orchid/paint/blob/main/paint.safetensors")
        """,
        "orchid/paint",
    ),
]

VARIABLES = [
    case(
        "variable",
        """
        from transformers import AutoTokenizer
        NAME = "orchid/named"
        tok = AutoTokenizer.from_pretrained(NAME)
        """,
        "orchid/named",
    ),
    case(
        "last_assignment_wins",
        """
        from transformers import AutoTokenizer
        name = "orchid/old"
        name = "orchid/new"
        tok = AutoTokenizer.from_pretrained(name)
        """,
        "orchid/new",
    ),
    case(
        "both_branches",
        """
        import sys
        from transformers import AutoModel
        if "--big" in sys.argv:
            name = "orchid/big"
        else:
            name = "orchid/small"
        net = AutoModel.from_pretrained(name)
        """,
        "orchid/big",
        "orchid/small",
    ),
    case(
        "conditional_expression",
        """
        import torch
        from transformers import AutoModel
        net = AutoModel.from_pretrained("orchid/gpu" if torch.cuda.is_available() else "orchid/cpu")
        """,
        "orchid/gpu",
        "orchid/cpu",
    ),
    case(
        "or_default",
        """
        from transformers import AutoModel
        def build(name=None):
            return AutoModel.from_pretrained(name or "orchid/fallback")
        """,
        "orchid/fallback",
    ),
    case(
        "none_replaced_by_default",
        """
        from transformers import AutoModel
        def build(name=None):
            if name is None:
                name = "orchid/usual"
            return AutoModel.from_pretrained(name)
        """,
        "orchid/usual",
    ),
    case(
        "format_string",
        """
        from transformers import AutoModel
        owner, size = "orchid", "large"
        a = AutoModel.from_pretrained(f"{owner}/f-{size}")
        b = AutoModel.from_pretrained("{}/g-{}".format(owner, size))
        c = AutoModel.from_pretrained("%s/h-%s" % (owner, size))
        d = AutoModel.from_pretrained(owner + "/i-" + size)
        """,
        "orchid/f-large",
        "orchid/g-large",
        "orchid/h-large",
        "orchid/i-large",
    ),
    case(
        "environment_default",
        """
        import os
        from transformers import AutoModel
        a = AutoModel.from_pretrained(os.environ.get("NET", "orchid/env-a"))
        b = AutoModel.from_pretrained(os.getenv("NET2", default="orchid/env-b"))
        """,
        "orchid/env-a",
        "orchid/env-b",
    ),
    case(
        "environment_or",
        """
        import os
        from transformers import AutoModel
        name = os.environ.get("NET") or "orchid/env-c"
        net = AutoModel.from_pretrained(name)
        """,
        "orchid/env-c",
    ),
    case(
        "dictionary_by_key",
        """
        from transformers import AutoModel
        NETS = {"s": "orchid/s", "l": "orchid/l"}
        net = AutoModel.from_pretrained(NETS["s"])
        """,
        "orchid/s",
    ),
    case(
        "dictionary_by_unknown_key",
        """
        from transformers import AutoModel
        NETS = {"s": "orchid/s", "l": "orchid/l"}
        def build(size):
            return AutoModel.from_pretrained(NETS[size])
        """,
        "orchid/s",
        "orchid/l",
    ),
    case(
        "nested_dictionary",
        """
        from transformers import AutoModel
        CONF = {"text": {"name": "orchid/text", "dim": 4}, "image": {"name": "orchid/image", "dim": 8}}
        def build(kind):
            return AutoModel.from_pretrained(CONF[kind]["name"])
        """,
        "orchid/text",
        "orchid/image",
    ),
    case(
        "loop_over_list",
        """
        from transformers import AutoTokenizer
        for name in ["orchid/one", "orchid/two"]:
            tok = AutoTokenizer.from_pretrained(name)
        """,
        "orchid/one",
        "orchid/two",
    ),
    case(
        "loop_over_items",
        """
        from transformers import AutoTokenizer
        nets = {"a": "orchid/one", "b": "orchid/two"}
        for key, name in nets.items():
            tok = AutoTokenizer.from_pretrained(name)
        """,
        "orchid/one",
        "orchid/two",
    ),
    case(
        "loop_over_pairs",
        """
        from transformers import AutoTokenizer
        for label, name in (("first", "orchid/one"), ("second", "orchid/two")):
            tok = AutoTokenizer.from_pretrained(name)
        """,
        "orchid/one",
        "orchid/two",
    ),
    case(
        "comprehension",
        """
        from sentence_transformers import SentenceTransformer
        NAMES = ["orchid/e1", "orchid/e2"]
        nets = [SentenceTransformer(n) for n in NAMES]
        """,
        "orchid/e1",
        "orchid/e2",
    ),
    case(
        "dictionary_comprehension",
        """
        from sentence_transformers import SentenceTransformer
        nets = {name: SentenceTransformer(name) for name in ("orchid/e3", "orchid/e4")}
        """,
        "orchid/e3",
        "orchid/e4",
    ),
    case(
        "numbers_in_a_format",
        """
        from transformers import AutoModel
        for size in (7, 13):
            net = AutoModel.from_pretrained(f"orchid/net-{size}b")
        layers = 12
        small = AutoModel.from_pretrained("orchid/small-%d" % layers)
        """,
        "orchid/net-7b",
        "orchid/net-13b",
        "orchid/small-12",
    ),
    case(
        "product_of_lists",
        """
        from itertools import product
        from transformers import AutoModel
        for name, seed in product(["orchid/one", "orchid/two"], [1, 2]):
            AutoModel.from_pretrained(name)
        """,
        "orchid/one",
        "orchid/two",
        wrong="itertools.product is not known (builtins_.function)",
    ),
    case(
        "name_changed_in_a_loop",
        """
        from transformers import AutoModel
        name = "orchid/once"
        for attempt in attempts:
            net = AutoModel.from_pretrained(name)
            name = "orchid/again"
        """,
        "orchid/once",
        "orchid/again",
        wrong="the body of a loop is read once: what its end assigns does not reach its start",
    ),
    case(
        "environment_set_before",
        """
        import os
        from transformers import AutoModel
        os.environ["NET"] = "orchid/env-set"
        net = AutoModel.from_pretrained(os.environ["NET"])
        """,
        "orchid/env-set",
        wrong="what is put into os.environ is not remembered (Interpreter.assign, Evaluator._subscript)",
    ),
    case(
        "named_tuples",
        """
        from collections import namedtuple
        from transformers import AutoModel
        Net = namedtuple("Net", ["name", "size"])
        for net in [Net("orchid/nt1", 1), Net(name="orchid/nt2", size=2)]:
            AutoModel.from_pretrained(net.name)
        """,
        "orchid/nt1",
        "orchid/nt2",
        wrong="namedtuple() makes no class (builtins_.function)",
    ),
    case(
        "list_grown_on_an_object",
        """
        from transformers import AutoModel
        class Holder:
            def __init__(self):
                self.names = []
                self.names.append("orchid/grown")
            def load(self):
                for name in self.names:
                    AutoModel.from_pretrained(name)
        """,
        "orchid/grown",
    ),
    case(
        "typed_named_tuple_and_unpacking",
        """
        from typing import NamedTuple
        from transformers import AutoModel
        class Net(NamedTuple):
            name: str
            size: int
        first, second = "orchid/u1", "orchid/u2"
        net = AutoModel.from_pretrained(Net("orchid/u3", 1).name)
        other = AutoModel.from_pretrained(second)
        """,
        "orchid/u3",
        "orchid/u2",
    ),
    case(
        "list_of_dictionaries",
        """
        from transformers import AutoModel
        for entry in [{"id": "orchid/d1"}, {"id": "orchid/d2", "half": True}]:
            AutoModel.from_pretrained(entry["id"])
        """,
        "orchid/d1",
        "orchid/d2",
    ),
    case(
        "classes_and_names_in_a_dictionary",
        """
        from transformers import BertModel, BertTokenizer, GPT2Model, GPT2Tokenizer
        KINDS = {"b": (BertModel, BertTokenizer, "orchid/b"), "g": (GPT2Model, GPT2Tokenizer, "orchid/g")}
        def build(kind):
            net, tok, name = KINDS[kind]
            return net.from_pretrained(name), tok.from_pretrained(name)
        """,
        "orchid/b",
        "orchid/g",
    ),
    case(
        "assert_limits_the_names",
        """
        from transformers import AutoModel
        def build(name):
            assert name in {"gpt2", "gpt2-medium"}
            return AutoModel.from_pretrained(name)
        """,
        "gpt2",
        "gpt2-medium",
    ),
    case(
        "global_in_function",
        """
        from transformers import AutoModel
        NAME = "orchid/global"
        net = None
        def setup():
            global net
            net = AutoModel.from_pretrained(NAME)
        """,
        "orchid/global",
    ),
    case(
        "keyword_arguments_in_a_dictionary",
        """
        from transformers import AutoModel
        given = dict(pretrained_model_name_or_path="orchid/kw", low_cpu_mem_usage=True)
        net = AutoModel.from_pretrained(**given)
        """,
        "orchid/kw",
    ),
    case(
        "match_statement",
        """
        from transformers import AutoModel
        def build(size):
            match size:
                case "s":
                    name = "orchid/ms"
                case _:
                    name = "orchid/ml"
            return AutoModel.from_pretrained(name)
        """,
        "orchid/ms",
        "orchid/ml",
    ),
]

FUNCTIONS = [
    case(
        "what_hands_on_is_handed_on",
        """
        from functools import partial
        from transformers import AutoModel
        def load(name):
            return AutoModel.from_pretrained(name)
        nets = list(map(partial(map, load), [["orchid/never-known"]]))
        more = partial(map, partial(map, str))
        net = partial(load, "orchid/partly")()
        """,
        "orchid/partly",
    ),
    case(
        "class_in_a_fixture_of_many_tests",
        """
        import pytest
        from transformers import AutoModel
        @pytest.fixture
        def net():
            class Base:
                name = "orchid/base"
            class Net(Base):
                def load(self):
                    return AutoModel.from_pretrained(self.name)
            return Net
        def test_one(net):
            net().load()
        def test_two(net):
            net().load()
        """,
        "orchid/base",
    ),
    case(
        "default_of_a_parameter",
        """
        from transformers import AutoModel
        def build(name: str = "orchid/default", *, tok="orchid/tok-default"):
            return AutoModel.from_pretrained(name), AutoModel.from_pretrained(tok)
        """,
        "orchid/default",
        "orchid/tok-default",
    ),
    case(
        "wrapper_function",
        """
        from transformers import AutoModel
        def build(name, half=False):
            return AutoModel.from_pretrained(name)
        a = build("orchid/wrapped-a")
        b = build(name="orchid/wrapped-b", half=True)
        """,
        "orchid/wrapped-a",
        "orchid/wrapped-b",
    ),
    case(
        "wrapper_of_a_wrapper",
        """
        from transformers import AutoModel
        def inner(n):
            return AutoModel.from_pretrained(n)
        def outer(m):
            return inner(m)
        net = outer("orchid/deep")
        """,
        "orchid/deep",
    ),
    case(
        "name_from_a_function",
        """
        from transformers import AutoModel
        def pick(big):
            if big:
                return "orchid/big"
            return "orchid/small"
        net = AutoModel.from_pretrained(pick(True))
        """,
        "orchid/big",
        "orchid/small",
    ),
    case(
        "lambda_wrapper",
        """
        from transformers import AutoTokenizer
        get = lambda n: AutoTokenizer.from_pretrained(n)
        tok = get("orchid/lambda")
        """,
        "orchid/lambda",
    ),
    case(
        "class_attribute",
        """
        from transformers import AutoModel
        class Holder:
            NAME = "orchid/attr"
            def load(self):
                return AutoModel.from_pretrained(self.NAME)
        """,
        "orchid/attr",
    ),
    case(
        "constructor_default",
        """
        from transformers import AutoModel
        class Holder:
            def __init__(self, name="orchid/init"):
                self.name = name
            def load(self):
                return AutoModel.from_pretrained(self.name)
        """,
        "orchid/init",
    ),
    case(
        "constructor_argument",
        """
        from transformers import AutoModel
        class Holder:
            def __init__(self, name):
                self.net = AutoModel.from_pretrained(name)
        held = Holder("orchid/given")
        """,
        "orchid/given",
    ),
    case(
        "attribute_read_by_a_later_method",
        """
        from transformers import AutoModel
        class Holder:
            def __init__(self, name):
                self.name = name
            def load(self):
                return AutoModel.from_pretrained(self.name)
        Holder("orchid/later").load()
        """,
        "orchid/later",
    ),
    case(
        "enum_value",
        """
        from enum import Enum
        from transformers import AutoModel
        class Net(Enum):
            SMALL = "orchid/enum-s"
        net = AutoModel.from_pretrained(Net.SMALL.value)
        """,
        "orchid/enum-s",
    ),
    case(
        "loop_over_an_enum",
        """
        from enum import Enum
        from transformers import AutoModel
        class Net(str, Enum):
            A = "orchid/ea"
            B = "orchid/eb"
        for net in Net:
            AutoModel.from_pretrained(net.value)
        """,
        "orchid/ea",
        "orchid/eb",
    ),
    case(
        "class_method",
        """
        from transformers import AutoModel
        class Holder:
            @classmethod
            def load(cls, name):
                return AutoModel.from_pretrained(name)
            @staticmethod
            def get(name):
                return AutoModel.from_pretrained(name)
        a = Holder.load("orchid/cm")
        b = Holder.get("orchid/sm")
        """,
        "orchid/cm",
        "orchid/sm",
    ),
    case(
        "called_object",
        """
        from transformers import AutoModel
        class Loader:
            def __call__(self, name):
                return AutoModel.from_pretrained(name)
        load = Loader()
        net = load("orchid/called")
        """,
        "orchid/called",
    ),
    case(
        "subclass_with_another_name",
        """
        from transformers import AutoModel
        class Base:
            NAME = "orchid/base-name"
            def load(self):
                return AutoModel.from_pretrained(self.NAME)
        class Other(Base):
            NAME = "orchid/other-name"
        """,
        "orchid/base-name",
        "orchid/other-name",
    ),
    case(
        "subclass_gives_the_name_to_super",
        """
        from transformers import AutoModel
        class Base:
            def __init__(self, name):
                self.net = AutoModel.from_pretrained(name)
        class Small(Base):
            def __init__(self):
                super().__init__("orchid/from-sub")
        class Large(Base):
            def __init__(self):
                Base.__init__(self, name="orchid/from-sub-old")
        """,
        "orchid/from-sub",
        "orchid/from-sub-old",
    ),
    case(
        "subclass_answers_with_the_name",
        """
        from transformers import AutoModel
        class Base:
            def name(self):
                raise NotImplementedError
            def load(self):
                return AutoModel.from_pretrained(self.name())
        class Real(Base):
            def name(self):
                return "orchid/answered"
        """,
        "orchid/answered",
    ),
    case(
        "generator_function",
        """
        from transformers import AutoModel
        def names():
            yield "orchid/y1"
            yield "orchid/y2"
        for name in names():
            AutoModel.from_pretrained(name)
        """,
        "orchid/y1",
        "orchid/y2",
    ),
    case(
        "map_over_names",
        """
        from transformers import AutoModel
        nets = list(map(AutoModel.from_pretrained, ["orchid/m1", "orchid/m2"]))
        """,
        "orchid/m1",
        "orchid/m2",
    ),
    case(
        "saved_hyperparameters",
        """
        import pytorch_lightning as pl
        from transformers import AutoModel
        class Net(pl.LightningModule):
            def __init__(self, name="orchid/hparams"):
                super().__init__()
                self.save_hyperparameters()
                self.net = AutoModel.from_pretrained(self.hparams.name)
        """,
        "orchid/hparams",
    ),
    case(
        "property_closure_and_keyword_pass_through",
        """
        from transformers import AutoModel
        class Holder:
            @property
            def name(self):
                return "orchid/prop"
            def load(self):
                return AutoModel.from_pretrained(self.name)
        def outer(name="orchid/closed"):
            def inner():
                return AutoModel.from_pretrained(name)
            return inner
        def through(**given):
            return AutoModel.from_pretrained(**given)
        through(pretrained_model_name_or_path="orchid/passed")
        """,
        "orchid/prop",
        "orchid/closed",
        "orchid/passed",
    ),
    case(
        "set_up_of_a_test_class",
        """
        import unittest
        from transformers import AutoModel
        class TestNet(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.first = "orchid/class-wide"
            def setUp(self):
                self.second = "orchid/each-time"
            def test_load(self):
                AutoModel.from_pretrained(self.first)
                AutoModel.from_pretrained(self.second)
        """,
        "orchid/class-wide",
        "orchid/each-time",
    ),
    case(
        "partial",
        """
        from functools import partial
        from transformers import AutoModel
        make = partial(AutoModel.from_pretrained, "orchid/partial")
        net = make()
        """,
        "orchid/partial",
    ),
    case(
        "from_pretrained_as_a_value",
        """
        from transformers import AutoModel
        load = AutoModel.from_pretrained
        net = load("orchid/value")
        """,
        "orchid/value",
    ),
    case(
        "super_from_pretrained",
        """
        from transformers import BertModel
        class Mine(BertModel):
            @classmethod
            def load(cls):
                return super().from_pretrained("orchid/sup")
            @classmethod
            def other(cls):
                return cls.from_pretrained("orchid/cls")
        """,
        "orchid/sup",
        "orchid/cls",
    ),
]

COMMAND_LINES = [
    case(
        "argparse",
        """
        import argparse
        from transformers import AutoModel
        parser = argparse.ArgumentParser()
        parser.add_argument("-m", "--model-name", type=str, default="orchid/cli")
        args = parser.parse_args()
        net = AutoModel.from_pretrained(args.model_name)
        """,
        "orchid/cli",
    ),
    case(
        "argparse_across_functions",
        """
        import argparse
        from transformers import AutoModel
        def parse():
            p = argparse.ArgumentParser()
            p.add_argument("--net", default="orchid/cli2")
            return p.parse_args()
        def main():
            opt = parse()
            net = AutoModel.from_pretrained(opt.net)
        if __name__ == "__main__":
            main()
        """,
        "orchid/cli2",
    ),
    case(
        "argparse_given_to_a_function",
        """
        import argparse
        from transformers import AutoModel
        def run(cfg):
            return AutoModel.from_pretrained(cfg.net)
        if __name__ == "__main__":
            p = argparse.ArgumentParser()
            p.add_argument("--net", default="orchid/cli3")
            run(p.parse_args())
        """,
        "orchid/cli3",
    ),
    case(
        "argparse_required",
        """
        import argparse
        from transformers import AutoModel
        p = argparse.ArgumentParser()
        p.add_argument("--net", required=True, help="for example orchid/not-me")
        net = AutoModel.from_pretrained(p.parse_args().net)
        """,
    ),
    case(
        "argparse_choices",
        """
        import argparse
        from transformers import AutoModel
        p = argparse.ArgumentParser()
        p.add_argument("net", choices=["orchid/c1", "orchid/c2"])
        net = AutoModel.from_pretrained(p.parse_args().net)
        """,
        "orchid/c1",
        "orchid/c2",
    ),
    case(
        "argparse_variables",
        """
        import argparse
        from transformers import AutoModel
        p = argparse.ArgumentParser()
        p.add_argument("--net", default="orchid/vars")
        given = vars(p.parse_args())
        net = AutoModel.from_pretrained(given["net"])
        """,
        "orchid/vars",
    ),
    case(
        "argparse_list_default",
        """
        import argparse
        from sentence_transformers import SentenceTransformer
        p = argparse.ArgumentParser()
        p.add_argument("--nets", nargs="+", default=["orchid/l1", "orchid/l2"])
        for name in p.parse_args().nets:
            net = SentenceTransformer(name)
        """,
        "orchid/l1",
        "orchid/l2",
    ),
    case(
        "optparse",
        """
        from optparse import OptionParser
        from transformers import AutoModel
        parser = OptionParser()
        parser.add_option("-n", "--net", default="orchid/optparse")
        (options, rest) = parser.parse_args()
        net = AutoModel.from_pretrained(options.net)
        """,
        "orchid/optparse",
    ),
    case(
        "configargparse",
        """
        import configargparse
        from transformers import AutoModel
        parser = configargparse.ArgParser()
        parser.add("--net", default="orchid/cap")
        net = AutoModel.from_pretrained(parser.parse_args().net)
        """,
        "orchid/cap",
    ),
    case(
        "groups_and_commands_of_a_parser",
        """
        import argparse
        from transformers import AutoModel
        parser = argparse.ArgumentParser()
        group = parser.add_argument_group("nets")
        group.add_argument("--net", default="orchid/group")
        sub = parser.add_subparsers().add_parser("run")
        sub.add_argument("--tok", default="orchid/sub")
        args = parser.parse_args()
        AutoModel.from_pretrained(args.net)
        AutoModel.from_pretrained(args.tok)
        """,
        "orchid/group",
        "orchid/sub",
    ),
    case(
        "loop_with_a_progress_bar",
        """
        from sentence_transformers import SentenceTransformer
        from tqdm import tqdm
        for name in tqdm(["orchid/p1", "orchid/p2"], desc="models"):
            net = SentenceTransformer(name)
        """,
        "orchid/p1",
        "orchid/p2",
    ),
    case(
        "click",
        """
        import click
        from transformers import AutoModel
        @click.command()
        @click.option("--net-name", default="orchid/click", show_default=True)
        def main(net_name):
            AutoModel.from_pretrained(net_name)
        """,
        "orchid/click",
    ),
    case(
        "typer",
        """
        import typer
        from typing_extensions import Annotated
        from transformers import AutoModel
        app = typer.Typer()
        @app.command()
        def main(net: str = typer.Option("orchid/typer", help="the net"),
                 tok: Annotated[str, typer.Option()] = "orchid/typer-tok"):
            AutoModel.from_pretrained(net)
            AutoModel.from_pretrained(tok)
        """,
        "orchid/typer",
        "orchid/typer-tok",
    ),
    case(
        "fire",
        """
        import fire
        from transformers import AutoModel
        def train(base: str = "orchid/fire", steps: int = 3):
            AutoModel.from_pretrained(base)
        if __name__ == "__main__":
            fire.Fire(train)
        """,
        "orchid/fire",
    ),
    case(
        "absl_flags",
        """
        from absl import app, flags
        from transformers import AutoModel
        FLAGS = flags.FLAGS
        flags.DEFINE_string("net", "orchid/absl", "the net")
        def main(_):
            AutoModel.from_pretrained(FLAGS.net)
        app.run(main)
        """,
        "orchid/absl",
    ),
    case(
        "hf_argument_parser",
        """
        from dataclasses import dataclass, field
        from transformers import AutoModel, HfArgumentParser
        @dataclass
        class NetArguments:
            net: str = field(default="orchid/hfa", metadata={"help": "which"})
            half: bool = False
        parser = HfArgumentParser((NetArguments,))
        (net_args,) = parser.parse_args_into_dataclasses()
        net = AutoModel.from_pretrained(net_args.net)
        """,
        "orchid/hfa",
    ),
    case(
        "dataclass",
        """
        from dataclasses import dataclass
        from transformers import AutoModel
        @dataclass
        class Conf:
            net: str = "orchid/dc"
        conf = Conf()
        net = AutoModel.from_pretrained(conf.net)
        """,
        "orchid/dc",
    ),
    case(
        "dataclass_with_given_value",
        """
        from dataclasses import dataclass
        from transformers import AutoModel
        @dataclass
        class Conf:
            net: str
            half: bool = False
        net = AutoModel.from_pretrained(Conf(net="orchid/dc2").net)
        """,
        "orchid/dc2",
    ),
    case(
        "pydantic_settings",
        """
        from pydantic import Field
        from pydantic_settings import BaseSettings
        from transformers import AutoModel
        class Settings(BaseSettings):
            net: str = Field("orchid/pyd", description="which")
        settings = Settings()
        net = AutoModel.from_pretrained(settings.net)
        """,
        "orchid/pyd",
    ),
    case(
        "simple_namespace",
        """
        from types import SimpleNamespace
        from transformers import AutoModel
        cfg = SimpleNamespace(net="orchid/ns", steps=2)
        net = AutoModel.from_pretrained(cfg.net)
        """,
        "orchid/ns",
    ),
    case(
        "configuration_class",
        """
        from transformers import AutoTokenizer
        class CFG:
            net = "orchid/cfg"
            tok = AutoTokenizer.from_pretrained(net)
        other = AutoTokenizer.from_pretrained(CFG.net, use_fast=True)
        """,
        "orchid/cfg",
    ),
    case(
        "streamlit_choice",
        """
        import streamlit as st
        from transformers import pipeline
        picked = st.selectbox("Which?", ["orchid/st1", "orchid/st2"])
        run = pipeline("text-generation", model=picked)
        """,
        "orchid/st1",
        "orchid/st2",
    ),
    case(
        "attribute_set_on_an_imported_object",
        """
        import wandb
        from transformers import AutoModel
        wandb.init(project="p")
        config = wandb.config
        config.net = "orchid/wb"
        net = AutoModel.from_pretrained(config.net)
        """,
        "orchid/wb",
    ),
    case(
        "parametrised_test",
        """
        import pytest
        from transformers import AutoModel
        @pytest.mark.parametrize("net", ["orchid/t1", "orchid/t2"])
        def test_load(net):
            AutoModel.from_pretrained(net)
        """,
        "orchid/t1",
        "orchid/t2",
    ),
    case(
        "parametrised_test_in_pairs",
        """
        import pytest
        from transformers import AutoModel
        NETS = [("orchid/t3", 4), pytest.param("orchid/t4", 5, id="four")]
        @pytest.mark.parametrize("net, size", NETS)
        def test_load(net, size):
            AutoModel.from_pretrained(net)
        """,
        "orchid/t3",
        "orchid/t4",
    ),
    case(
        "parametrised_test_method",
        """
        import pytest
        from transformers import AutoModel
        class TestNets:
            NETS = ["orchid/t5"]
            @pytest.mark.parametrize("net", NETS)
            def test_load(self, net):
                AutoModel.from_pretrained(net)
        """,
        "orchid/t5",
    ),
    case(
        "expanded_test",
        """
        import unittest
        from parameterized import parameterized
        from transformers import AutoModel
        class TestNets(unittest.TestCase):
            @parameterized.expand([("a", "orchid/x1"), ("b", "orchid/x2")])
            def test_load(self, label, net):
                AutoModel.from_pretrained(net)
        """,
        "orchid/x1",
        "orchid/x2",
    ),
    case(
        "fixture_parameters",
        """
        import pytest
        from transformers import AutoModel
        @pytest.fixture(params=["orchid/fx1", "orchid/fx2"])
        def net(request):
            return AutoModel.from_pretrained(request.param)
        """,
        "orchid/fx1",
        "orchid/fx2",
    ),
]

FIXTURES = [
    case(
        "fixture_that_is_a_name",
        """
        import pytest
        from transformers import AutoModel
        @pytest.fixture
        def net_name():
            return "orchid/fixture"
        def test_load(net_name):
            AutoModel.from_pretrained(net_name)
        """,
        "orchid/fixture",
    ),
]

NOTEBOOKS = [
    case(
        "other_cell",
        [
            "from transformers import AutoModel\nname = 'orchid/cell'",
            "net = AutoModel.from_pretrained(name)",
        ],
        "orchid/cell",
    ),
    case(
        "magics",
        [
            "!pip install -q transformers\n%matplotlib inline\nfrom transformers import AutoModel",
            "%%time\nnet = AutoModel.from_pretrained('orchid/magic')",
        ],
        "orchid/magic",
    ),
    case(
        "broken_cell",
        [
            "from transformers import AutoModel",
            "this is no python at all (",
            "net = AutoModel.from_pretrained('orchid/after-broken')",
        ],
        "orchid/after-broken",
    ),
    case(
        "form_field",
        [
            "name = 'orchid/form' #@param ['orchid/form', 'orchid/other']\nsteps = 3 #@param {type: 'integer'}",
            "from transformers import pipeline\nrun = pipeline('ner', name)",
        ],
        "orchid/form",
    ),
    case(
        "shell_value_and_help",
        [
            "files = !ls\nAutoModel?\nfrom transformers import AutoModel",
            "found = %who_ls\nnet = AutoModel.from_pretrained('orchid/shell')",
        ],
        "orchid/shell",
    ),
    case(
        "function_defined_before_its_global",
        [
            "from transformers import AutoModel\ndef load():\n    return AutoModel.from_pretrained(NAME)",
            "NAME = 'orchid/global-cell'\nnet = load()",
        ],
        "orchid/global-cell",
    ),
    case(
        "cell_run_again_with_another_name",
        [
            "from transformers import AutoModel\nname = 'orchid/first'",
            "net = AutoModel.from_pretrained(name)",
            "name = 'orchid/second'",
            "net = AutoModel.from_pretrained(name)",
        ],
        "orchid/first",
        "orchid/second",
    ),
    case(
        "script_written_by_a_cell",
        [
            "%%writefile serve.py\nfrom transformers import pipeline\nrun = pipeline('ner', model='orchid/written')",
        ],
        "orchid/written",
    ),
    case(
        "shell_cell",
        ["%%bash\npython train.py --model orchid/not-python"],
    ),
]

OLD_PYTHON = [
    case(
        "print_statement",
        """
        from transformers import AutoModel
        print "loading"
        net = AutoModel.from_pretrained("orchid/py2")
        try:
            print net
        except ValueError, error:
            raise RuntimeError, "no"
        """,
        "orchid/py2",
    ),
    case(
        "tabs_and_old_literals",
        'from transformers import AutoModel as A\nif 0644:\n\tn = ur"orchid/tabs"\n\tnet = A.from_pretrained(n)\n',
        "orchid/tabs",
    ),
    case(
        "template_placeholder",
        """
        from transformers import AutoModel
        steps = {{ steps }}
        value = <fill in>
        net = AutoModel.from_pretrained("orchid/template")
        """,
        "orchid/template",
    ),
]

LIBRARIES = [
    case(
        "sentence_transformers_short_names",
        """
        from sentence_transformers import CrossEncoder, SentenceTransformer
        a = SentenceTransformer("all-MiniLM-L6-v2")
        b = SentenceTransformer("bert-base-nli-mean-tokens")
        c = SentenceTransformer("bert-base-uncased")
        d = CrossEncoder("cross-encoder/ms-marco-TinyBERT-L-2")
        """,
        "sentence-transformers/all-MiniLM-L6-v2",
        "sentence-transformers/bert-base-nli-mean-tokens",
        "bert-base-uncased",
        "cross-encoder/ms-marco-TinyBERT-L-2",
    ),
    case(
        "sentence_transformers_modules",
        """
        from sentence_transformers import SentenceTransformer, models
        word = models.Transformer("orchid/word", max_seq_length=64)
        net = SentenceTransformer(modules=[word, models.Pooling(8)])
        """,
        "orchid/word",
    ),
    case(
        "pipeline_by_position_and_tokenizer",
        """
        from transformers import pipeline
        a = pipeline("ner", "orchid/ner")
        b = pipeline("qa", model="orchid/qa", tokenizer="orchid/qa-tok")
        c = pipeline(task="fill-mask", model="distilroberta-base")
        """,
        "orchid/ner",
        "orchid/qa",
        "orchid/qa-tok",
        "distilroberta-base",
    ),
    case(
        "pipeline_model_object",
        """
        from transformers import AutoModel, AutoTokenizer, pipeline
        net = AutoModel.from_pretrained("orchid/obj")
        tok = AutoTokenizer.from_pretrained("orchid/obj")
        run = pipeline("ner", model=net, tokenizer=tok)
        """,
        "orchid/obj",
    ),
    case(
        "vllm",
        """
        from vllm import LLM, SamplingParams
        llm = LLM(model="orchid/serve", tensor_parallel_size=2)
        out = llm.generate(["hi"], SamplingParams(n=1))
        """,
        "orchid/serve",
    ),
    case(
        "vllm_tokenizer",
        """
        from vllm import LLM
        llm = LLM(model="orchid/serve", tokenizer="orchid/serve-tok")
        """,
        "orchid/serve",
        "orchid/serve-tok",
    ),
    case(
        "llama_cpp",
        """
        from llama_cpp import Llama
        llm = Llama.from_pretrained(repo_id="orchid/gguf", filename="*q8_0.gguf")
        mine = Llama(model_path="./models/orchid.gguf")
        """,
        "orchid/gguf",
    ),
    case(
        "timm",
        """
        import timm
        a = timm.create_model("resnet26d", pretrained=True, num_classes=3)
        b = timm.create_model("hf-hub:orchid/vit", pretrained=True)
        c = timm.create_model("vit_tiny_patch16_224")
        d = timm.create_model("mixnet_s", pretrained=False)
        """,
        "resnet26d",
        "orchid/vit",
    ),
    case(
        "timm_models_create_model",
        """
        from timm.models import create_model
        net = create_model("mixnet_l", pretrained=True)
        """,
        "mixnet_l",
    ),
    case(
        "torchvision",
        """
        from torchvision import models
        from torchvision.models import resnet34, ResNet34_Weights, vgg11
        a = models.resnet18(pretrained=True)
        b = resnet34(weights=ResNet34_Weights.DEFAULT)
        c = vgg11(weights=None)
        d = models.alexnet()
        """,
        "resnet18",
        "resnet34",
    ),
    case(
        "torch_hub",
        """
        import torch
        a = torch.hub.load("orchid/nets", "rose_small", pretrained=True)
        b = torch.hub.load(repo_or_dir="orchid/nets", model="rose_large")
        c = torch.hub.load("./nets", "rose_local", source="local")
        """,
        "orchid/nets:rose_small",
        "orchid/nets:rose_large",
    ),
    case(
        "torch_hub_at_a_reference",
        """
        import torch
        net = torch.hub.load("orchid/nets:v0.3", "rose_small")
        """,
        "orchid/nets:rose_small",
    ),
    case(
        "torch_hub_custom_checkpoint",
        """
        import torch
        net = torch.hub.load("orchid/detect", "custom", path="runs/best.pt")
        """,
    ),
    case(
        "torch_hub_several_entries",
        """
        import torch
        for entry in ("rose_small", "rose_large"):
            net = torch.hub.load("orchid/nets", entry)
        """,
        "orchid/nets:rose_small",
        "orchid/nets:rose_large",
    ),
    case(
        "torch_hub_unknown_entry",
        """
        import torch
        def fetch(entry):
            return torch.hub.load("orchid/nets:main", entry)
        """,
    ),
    case(
        "torch_hub_weights_of_an_address",
        """
        import torch
        state = torch.hub.load_state_dict_from_url("https://example.org/own/checkpoint.pth")
        """,
    ),
    case(
        "spacy",
        """
        import spacy
        import en_core_web_md
        nlp = spacy.load("de_core_news_sm")
        mine = spacy.load("./out/model-best")
        eng = en_core_web_md.load()
        """,
        "de_core_news_sm",
        "en_core_web_md",
    ),
    case(
        "open_clip",
        """
        import open_clip
        a, _, pre = open_clip.create_model_and_transforms("hf-hub:orchid/clip")
        tok = open_clip.get_tokenizer("hf-hub:orchid/clip")
        """,
        "orchid/clip",
    ),
    case(
        "open_clip_without_weights",
        """
        import open_clip
        net = open_clip.create_model("ViT-B-32")
        """,
    ),
    case(
        "faster_whisper",
        """
        from faster_whisper import WhisperModel
        a = WhisperModel("small.en", device="cpu")
        b = WhisperModel("orchid/whisper-ct2")
        """,
        "Systran/faster-whisper-small.en",
        "orchid/whisper-ct2",
    ),
    case(
        "openai_whisper_and_clip",
        """
        import clip
        import whisper
        a = whisper.load_model("base")
        b, _ = clip.load("ViT-B/32", device="cpu")
        """,
        "base",
        "ViT-B/32",
    ),
    case(
        "diffusers",
        """
        from diffusers import AutoencoderKL, StableDiffusionXLPipeline
        vae = AutoencoderKL.from_pretrained("orchid/vae")
        pipe = StableDiffusionXLPipeline.from_pretrained("orchid/xl", vae=vae)
        pipe.load_lora_weights("orchid/lora", weight_name="l.safetensors")
        pipe.load_textual_inversion("orchid/word")
        pipe.load_ip_adapter("orchid/ip", subfolder="models")
        pipe.load_lora_weights("./my_lora")
        """,
        "orchid/vae",
        "orchid/xl",
        "orchid/lora",
        "orchid/word",
        "orchid/ip",
    ),
    case(
        "hub_download",
        """
        from huggingface_hub import hf_hub_download, snapshot_download
        a = hf_hub_download("orchid/files", "net.bin")
        b = snapshot_download(repo_id="orchid/snap", local_dir="here")
        c = hf_hub_download(repo_id="orchid/table", filename="d.csv", repo_type="dataset")
        """,
        "orchid/files",
        "orchid/snap",
    ),
    case(
        "langchain",
        """
        from langchain_community.llms import HuggingFacePipeline
        from langchain_huggingface import HuggingFaceEmbeddings
        emb = HuggingFaceEmbeddings(model_name="all-mpnet-base-v2")
        llm = HuggingFacePipeline.from_model_id(model_id="orchid/chat", task="text-generation")
        """,
        "sentence-transformers/all-mpnet-base-v2",
        "orchid/chat",
    ),
    case(
        "llama_index",
        """
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding
        from llama_index.llms.huggingface import HuggingFaceLLM
        emb = HuggingFaceEmbedding(model_name="orchid/emb")
        llm = HuggingFaceLLM(model_name="orchid/llm", tokenizer_name="orchid/llm-tok")
        """,
        "orchid/emb",
        "orchid/llm",
        "orchid/llm-tok",
    ),
    case(
        "ollama",
        """
        import ollama
        answer = ollama.chat(model="mistral:7b", messages=[])
        """,
        "mistral:7b",
    ),
    case(
        "trl_trainer",
        """
        from trl import SFTTrainer
        trainer = SFTTrainer(model="orchid/sft", train_dataset=None)
        """,
        "orchid/sft",
    ),
    case(
        "trl_other_trainer",
        """
        from trl.experimental.async_grpo import AsyncGRPOTrainer
        trainer = AsyncGRPOTrainer(model="orchid/grpo", reward_funcs=len)
        """,
        "orchid/grpo",
    ),
    case(
        "trl_reward_models",
        """
        from trl import GRPOTrainer
        trainer = GRPOTrainer(model="orchid/policy", reward_funcs="orchid/reward")
        """,
        "orchid/policy",
        "orchid/reward",
    ),
    case(
        "smolagents",
        """
        from smolagents import MLXModel, TransformersModel
        a = TransformersModel(model_id="orchid/agent")
        b = MLXModel("orchid/agent-4bit")
        """,
        "orchid/agent",
        "orchid/agent-4bit",
    ),
    case(
        "simpletransformers",
        """
        from simpletransformers.classification import ClassificationModel
        net = ClassificationModel("roberta", "orchid/topic", num_labels=2)
        """,
        "orchid/topic",
    ),
    case(
        "simpletransformers_sequence_to_sequence",
        """
        from simpletransformers.seq2seq import Seq2SeqModel
        a = Seq2SeqModel(encoder_decoder_type="bart", encoder_decoder_name="orchid/bart")
        b = Seq2SeqModel("bert", "orchid/enc", "orchid/dec")
        """,
        "orchid/bart",
        "orchid/enc",
        "orchid/dec",
    ),
    case(
        "audiocraft",
        """
        from audiocraft.models import MusicGen
        net = MusicGen.get_pretrained("orchid/music")
        """,
        "orchid/music",
    ),
    case(
        "openprompt",
        """
        from openprompt.plms import load_plm
        net, tok, conf, wrapper = load_plm("t5", "t5-base")
        """,
        "t5-base",
    ),
    case(
        "mlx_audio",
        """
        from mlx_audio.tts.utils import load_model
        net = load_model("orchid/speech-bf16")
        """,
        "orchid/speech-bf16",
    ),
    case(
        "rerankers",
        """
        from langchain_community.cross_encoders import HuggingFaceCrossEncoder
        from llama_index.core.postprocessor import SentenceTransformerRerank
        a = HuggingFaceCrossEncoder(model_name="orchid/rank-a")
        b = SentenceTransformerRerank(model="orchid/rank-b", top_n=2)
        """,
        "orchid/rank-a",
        "orchid/rank-b",
    ),
    case(
        "ctransformers_of_langchain",
        """
        from langchain_community.llms import CTransformers
        llm = CTransformers(model="orchid/ggml", model_type="llama")
        """,
        "orchid/ggml",
    ),
    case(
        "setfit_short_name",
        """
        from setfit import SetFitModel
        net = SetFitModel.from_pretrained("paraphrase-mpnet-base-v2")
        """,
        "sentence-transformers/paraphrase-mpnet-base-v2",
    ),
    case(
        "static_embedding",
        """
        from sentence_transformers.models import StaticEmbedding
        layer = StaticEmbedding.from_model2vec("orchid/potion")
        """,
        "orchid/potion",
    ),
    case(
        "settings_in_a_dictionary",
        """
        from txtai import Embeddings
        store = Embeddings({"path": "orchid/store", "content": True})
        """,
        "orchid/store",
    ),
    case(
        "agent",
        """
        from txtai import Agent
        agent = Agent(tools=[], llm="orchid/agent-4b")
        """,
        "orchid/agent-4b",
    ),
    case(
        "flair_models_and_not_its_dictionaries",
        """
        from flair.data import Dictionary
        from flair.models import SequenceTagger
        letters = Dictionary.load("common-chars")
        tagger = SequenceTagger.load("orchid/ner-english")
        """,
        "orchid/ner-english",
    ),
    case(
        "score_of_evaluate",
        """
        import evaluate
        metric = evaluate.load("bertscore")
        metric.compute(predictions=[], references=[], model_type="orchid/scorer")
        """,
        "orchid/scorer",
        wrong="no row for compute(model_type=...) of a metric of evaluate",
    ),
    case(
        "segmentation_models",
        """
        import segmentation_models_pytorch as smp
        net = smp.Unet("resnet34", encoder_weights="imagenet")
        """,
        "resnet34",
    ),
    case(
        "keras_applications",
        """
        from tensorflow.keras.applications import ResNet50
        net = ResNet50(weights="imagenet")
        """,
        "ResNet50",
    ),
    case(
        "keras_applications_helpers",
        """
        from tensorflow.keras.applications.mobilenet_v2 import MobileNetV2, preprocess_input, decode_predictions
        net = MobileNetV2(weights="imagenet", include_top=True)
        x = preprocess_input(image)
        y = decode_predictions(net.predict(x), top=3)
        """,
        "MobileNetV2",
    ),
    case(
        "keras_applications_without_weights",
        """
        from tensorflow.keras.applications import VGG16
        a = VGG16(weights=None, classes=4)
        """,
    ),
    case(
        "keras_applications_own_weights",
        """
        from tensorflow.keras.applications import VGG19
        net = VGG19(weights="out/best.weights.h5")
        """,
    ),
    case(
        "tensorflow_hub",
        """
        import tensorflow_hub as hub
        layer = hub.KerasLayer("https://tfhub.dev/orchid/embed/4", trainable=True)
        """,
        "orchid/embed",
    ),
    case(
        "top2vec_universal_sentence_encoder",
        """
        from top2vec import Top2Vec
        a = Top2Vec(documents=[], embedding_model="all-MiniLM-L6-v2")
        b = Top2Vec(documents=[], embedding_model="doc2vec")
        c = Top2Vec(documents=[], embedding_model="universal-sentence-encoder")
        """,
        "sentence-transformers/all-MiniLM-L6-v2",
        "google/universal-sentence-encoder",
    ),
    case(
        "keybert_and_bertopic",
        """
        from bertopic import BERTopic
        from keybert import KeyBERT
        a = KeyBERT(model="all-MiniLM-L12-v2")
        b = BERTopic(embedding_model="orchid/topics")
        """,
        "sentence-transformers/all-MiniLM-L12-v2",
        "orchid/topics",
    ),
    case(
        "pyannote_and_speechbrain",
        """
        from pyannote.audio import Pipeline
        from speechbrain.inference import EncoderClassifier
        pipe = Pipeline.from_pretrained("orchid/diarize", use_auth_token="x")
        enc = EncoderClassifier.from_hparams(source="orchid/voice", savedir="tmp")
        """,
        "orchid/diarize",
        "orchid/voice",
    ),
]

NOT_COUNTED = [
    case(
        "directories_named_after_a_class",
        """
        from transformers import AutoModel
        a = AutoModel.from_pretrained("RoseForMaskedLM/rose-base")
        b = AutoModel.from_pretrained("RosesForAll/rose-base")
        """,
        "RosesForAll/rose-base",
    ),
    case(
        "interfaces_of_companies",
        """
        from txtai import Embeddings
        a = Embeddings({"path": "cohere/embed-rose"})
        b = Embeddings(path="gemini/embed-rose")
        """,
    ),
    case(
        "network_and_patch_size",
        """
        from transformers import AutoModel
        net = AutoModel.from_pretrained("Rose-B/32")
        """,
    ),
    case(
        "docstrings_and_comments",
        '''
        """Use AutoModel.from_pretrained("orchid/doc")."""
        from transformers import AutoModel
        # net = AutoModel.from_pretrained("orchid/comment")
        def load(name):
            """Load a model.

            >>> load("orchid/example")
            """
            return AutoModel.from_pretrained(name)
        ''',
    ),
    case(
        "messages",
        """
        from transformers import AutoModel
        def load(name):
            if not name:
                raise ValueError("give a name such as orchid/message")
            print("try orchid/printed")
            return AutoModel.from_pretrained(name)
        """,
    ),
    case(
        "uploads",
        """
        from huggingface_hub import HfApi, create_repo
        from transformers import AutoModel
        net = AutoModel.from_pretrained("orchid/source")
        net.push_to_hub("orchid/target")
        create_repo("orchid/target2")
        HfApi().upload_folder(repo_id="orchid/target3", folder_path="out")
        """,
        "orchid/source",
    ),
    case(
        "data_sets",
        """
        from datasets import load_dataset
        from huggingface_hub import snapshot_download
        from transformers import AutoModel
        net = AutoModel.from_pretrained("orchid/net")
        data = load_dataset("orchid/rows", "plain")
        more = snapshot_download("orchid/rows2", repo_type="dataset")
        """,
        "orchid/net",
    ),
    case(
        "local_paths",
        """
        from transformers import AutoModel
        a = AutoModel.from_pretrained("./checkpoint-500")
        b = AutoModel.from_pretrained("/data/nets/rose")
        c = AutoModel.from_pretrained("models/rose")
        d = AutoModel.from_pretrained("output/run1/final")
        e = AutoModel.from_pretrained("best_model.pt")
        f = AutoModel.from_pretrained("../nets/rose")
        g = AutoModel.from_pretrained(r"C:\\nets\\rose")
        """,
    ),
    case(
        "placeholders",
        """
        from transformers import AutoModel
        a = AutoModel.from_pretrained("your-username/my-model")
        b = AutoModel.from_pretrained("path/to/model")
        c = AutoModel.from_pretrained("<your model>")
        d = AutoModel.from_pretrained("username/repo")
        """,
    ),
    case(
        "saved_then_loaded",
        """
        from transformers import AutoModel
        out = "rose/finetuned"
        net = AutoModel.from_pretrained("orchid/start")
        net.save_pretrained(out)
        again = AutoModel.from_pretrained(out)
        """,
        "orchid/start",
    ),
    case(
        "trainer_directory_then_loaded",
        """
        from transformers import AutoModel, TrainingArguments
        args = TrainingArguments(output_dir="rose-runs/one", num_train_epochs=1)
        again = AutoModel.from_pretrained(args.output_dir)
        more = AutoModel.from_pretrained("rose-runs/one")
        """,
    ),
    case(
        "directory_of_os_path",
        """
        import os
        from transformers import AutoModel
        root = "rose"
        net = AutoModel.from_pretrained(os.path.join(root, "final"))
        """,
    ),
    case(
        "directory_of_pathlib",
        """
        from pathlib import Path
        from transformers import AutoModel
        net = AutoModel.from_pretrained(Path("rose") / "final")
        """,
    ),
    case(
        "directories_by_their_names",
        """
        from transformers import AutoModel
        a = AutoModel.from_pretrained("rose/checkpoint-500")
        b = AutoModel.from_pretrained("rose_results/best")
        c = AutoModel.from_pretrained("hf_models/rose")
        d = AutoModel.from_pretrained("model_output/rose")
        e = AutoModel.from_pretrained("checkpoints_v2/rose")
        """,
    ),
    case(
        "own_checkpoints_named_after_a_model",
        """
        from transformers import AutoModel
        a = AutoModel.from_pretrained("bert-base-cased-finetuned-rose")
        b = AutoModel.from_pretrained("roberta-base-rose")
        """,
    ),
    case(
        "sentence_transformer_directories",
        """
        from sentence_transformers import SentenceTransformer
        a = SentenceTransformer("my_model")
        b = SentenceTransformer("finetuned-rose")
        """,
    ),
    case(
        "unresolved",
        """
        import sys
        from transformers import AutoModel
        from elsewhere import NAME
        a = AutoModel.from_pretrained(sys.argv[1])
        b = AutoModel.from_pretrained(NAME)
        c = AutoModel.from_pretrained(input("which? "))
        """,
    ),
    case(
        "other_things_of_that_name",
        """
        import torch.nn as nn
        from redis import Redis
        from mylab import load_model, pipeline
        emb = nn.Embedding.from_pretrained(weights)
        pipe = Redis().pipeline()
        net = load_model("orchid/not-a-hub")
        """,
    ),
    case(
        "keras_load_model",
        """
        import tensorflow as tf
        net = tf.keras.models.load_model("rose/final")
        """,
    ),
    case(
        "architecture_only",
        """
        from transformers import AutoModelForCausalLM, BertConfig, BertModel
        net = BertModel(BertConfig())
        """,
    ),
    case(
        "own_class_of_the_same_name",
        """
        class Pipeline:
            def __init__(self, name):
                self.name = name
        p = Pipeline("orchid/no-load")
        import transformers
        """,
    ),
    case(
        "closed_interfaces",
        """
        from openai import OpenAI
        from crewai import LLM
        client = OpenAI()
        client.chat.completions.create(model="orchid/gpt", messages=[])
        llm = LLM(model="orchid/remote")
        """,
    ),
    case(
        "flag_that_is_false",
        """
        import timm
        from torchvision.models import resnet50
        USE = False
        a = timm.create_model("resnet26d", pretrained=USE)
        b = resnet50(pretrained=USE)
        """,
    ),
]

ELSEWHERE = [
    case(
        "fallback_of_an_unknown_object",
        """
        import json
        from transformers import AutoModel
        settings = json.load(open("settings.json"))
        net = AutoModel.from_pretrained(settings.get("encoder", "orchid/fallback"))
        """,
        "orchid/fallback",
    ),
    case(
        "lambda_that_nobody_calls_here",
        """
        from transformers import AutoTokenizer
        tokenizer = lambda name="orchid/tok": AutoTokenizer.from_pretrained(name)
        """,
        "orchid/tok",
    ),
    case(
        "command_as_text_and_as_words",
        """
        import os, subprocess
        size = "small"
        os.system("vllm serve orchid/served --port 8000 &")
        subprocess.run(["huggingface-cli", "download", f"orchid/{size}", "--local-dir", "weights"], check=True)
        subprocess.run(["ls", "orchid/served"])
        """,
        "orchid/served",
        "orchid/small",
    ),
    case(
        "address_of_a_file_system",
        """
        import fsspec
        with fsspec.open("hf://orchid/net/config.json") as file:
            file.read()
        with fsspec.open("orchid/net") as file:
            file.read()
        with fsspec.open("hf://datasets/orchid/rows/train.csv") as file:
            file.read()
        """,
        "orchid/net",
    ),
    case(
        "environment_of_an_endpoint",
        """
        from sagemaker.huggingface import HuggingFaceModel
        hub = {"HF_MODEL_ID": "orchid/endpoint", "HF_TASK": "fill-mask"}
        model = HuggingFaceModel(env=hub, role="role")
        """,
        "orchid/endpoint",
    ),
    case(
        "served_and_never_published",
        """
        from transformers import pipeline
        from somewhere import from_pretrained
        a = pipeline(model="openai/gpt-4o-mini")
        b = pipeline(model="openai/whisper-tiny")
        """,
        "openai/whisper-tiny",
    ),
]

CASES = [
    *ELSEWHERE,
    *LITERALS,
    *VARIABLES,
    *FUNCTIONS,
    *COMMAND_LINES,
    *FIXTURES,
    *NOTEBOOKS,
    *OLD_PYTHON,
    *LIBRARIES,
    *NOT_COUNTED,
]


@pytest.mark.parametrize(("program", "ids"), CASES)
def test_what_is_found(program: Program, ids: set[str]):
    assert found(program) == ids


def test_cases_have_names_of_their_own():
    names = [param.id for param in CASES]
    assert len(names) == len(set(names))
