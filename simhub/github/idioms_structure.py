"""Ways in which the id of a model comes to the call that loads it: classes, functions, other files."""

from __future__ import annotations

from simhub.github._template import python, several

CLASSES = (
    python(
        "class_attribute",
        """
        from transformers import AutoModel


        class Embedder:
            HUB_ID = "<a>"

            def __init__(self):
                self.net = AutoModel.from_pretrained(self.HUB_ID)  #= <a>
        """,
        weight=5,
    ),
    python(
        "instance_attribute",
        """
        from transformers import AutoModel, AutoTokenizer


        class Ranker:
            def __init__(self, ranker_name="<a>"):
                self.ranker_name = ranker_name
                self.net = None

            def load(self):
                self.tok = AutoTokenizer.from_pretrained(self.ranker_name)  #= <a>
                self.net = AutoModel.from_pretrained(self.ranker_name)  #= <a>
        """,
        weight=5,
    ),
    python(
        "inherited_attribute",
        """
        from transformers import AutoModel


        class Detector:
            source = None

            def open(self):
                return AutoModel.from_pretrained(self.source)  #= <a> <b>


        class FastDetector(Detector):
            source = "<a>"


        class GoodDetector(Detector):
            source = "<b>"
        """,
        weight=2,
    ),
    python(
        "class_method",
        """
        from transformers import AutoModel


        class Registry:
            default = "<a>"

            @classmethod
            def build(cls):
                return AutoModel.from_pretrained(cls.default)  #= <a>
        """,
        weight=2,
    ),
    python(
        "given_to_class",
        """
        from transformers import AutoModel


        class Backend:
            def __init__(self, backend_id):
                self.inner = AutoModel.from_pretrained(backend_id)  #= <a> <b>


        first, second = Backend("<a>"), Backend(backend_id="<b>")
        """,
    ),
)

FUNCTIONS = (
    python(
        "wrapper",
        """
        from transformers import AutoModel, AutoTokenizer


        def load_both(repo):
            tok = AutoTokenizer.from_pretrained(repo)  #= <a> <b>
            return tok, AutoModel.from_pretrained(repo).eval()  #= <a> <b>


        student = load_both("<a>")
        teacher = load_both(repo="<b>")
        """,
        weight=5,
    ),
    python(
        "returned",
        """
        from transformers import AutoModel


        def choose():
            return "<a>"


        returned = AutoModel.from_pretrained(choose())  #= <a>
        """,
        weight=2,
    ),
    python(
        "partial",
        """
        from functools import partial

        from transformers import AutoModel

        late = partial(AutoModel.from_pretrained, "<a>", low_cpu_mem_usage=True)  #= <a>
        """,
        weight=0.5,
    ),
    python(
        "function_as_value",
        """
        from transformers import AutoModel

        load_anything = AutoModel.from_pretrained
        anything = load_anything("<a>")  #= <a>
        """,
        weight=1,
    ),
    python(
        "map_over",
        """
        from transformers import AutoTokenizer

        mapped = list(map(AutoTokenizer.from_pretrained, ["<a>", "<b>"]))  #= <a> <b>
        """,
        weight=0.5,
    ),
    python(
        "parametrised_test",
        """
        import pytest
        from transformers import AutoTokenizer


        @pytest.mark.parametrize("tested", ["<a>", "<b>"])
        def test_round_trip(tested):
            tok = AutoTokenizer.from_pretrained(tested)  #= <a> <b>
            assert tok.decode(tok.encode("hello"))
        """,
        weight=3,
    ),
    python(
        "inner_function",
        """
        from functools import lru_cache

        from transformers import pipeline


        def service():
            wanted = "<a>"

            @lru_cache(maxsize=1)
            def cached():
                return pipeline("zero-shot-classification", model=wanted)  #= <a>

            return cached
        """,
        weight=3,
    ),
)

FILES = (
    several(
        "constant_of_package",
        {
            "<dir>/__init__.py": '"""Models of this project."""',
            "<dir>/settings.py": """
                BACKBONE = "<a>"
                BATCH = 32
                UNUSED = "<b>"
                """,
            "<dir>/train.py": """
                from transformers import AutoModel

                from .settings import BACKBONE, BATCH


                def train(steps):
                    net = AutoModel.from_pretrained(BACKBONE)  #= <a>
                    return net, steps * BATCH
                """,
        },
        weight=8,
    ),
    several(
        "constant_of_module",
        {
            "<dir>/__init__.py": "",
            "<dir>/constants.py": 'ENCODER_ID = "<a>"\nDECODER_ID = "<b>"',
            "<dir>/predict.py": """
                from transformers import AutoModel

                import <dotted>.constants as const

                encoder = AutoModel.from_pretrained(const.ENCODER_ID)  #= <a>
                decoder = AutoModel.from_pretrained(const.DECODER_ID)  #= <b>
                """,
        },
        weight=4,
    ),
    several(
        "constant_beside",
        {
            "<dir>/config_<w>.py": 'HUB_MODEL = "<a>"',
            "<dir>/run_<w>.py": """
                from config_<w> import HUB_MODEL
                from transformers import pipeline

                print(pipeline("text-generation", model=HUB_MODEL)("Once"))  #= <a>
                """,
        },
        weight=4,
    ),
    several(
        "wrapper_elsewhere",
        {
            "<dir>/__init__.py": "",
            "<dir>/loading.py": """
                from transformers import AutoModel


                def load_frozen(model_id, device="cpu"):
                    net = AutoModel.from_pretrained(model_id)
                    return net.to(device).eval()
                """,
            "<dir>/compare.py": """
                from <dotted>.loading import load_frozen

                left = load_frozen("<a>")  #= <a>
                right = load_frozen("<b>", device="cuda")  #= <b>
                """,
        },
        weight=4,
    ),
    several(
        "class_elsewhere",
        {
            "<dir>/__init__.py": "",
            "<dir>/options.py": """
                from dataclasses import dataclass


                @dataclass
                class Options:
                    reader: str = "<a>"
                """,
            "<dir>/serve.py": """
                from transformers import AutoModelForQuestionAnswering

                from <dotted>.options import Options

                options = Options()
                reader = AutoModelForQuestionAnswering.from_pretrained(options.reader)  #= <a>
                """,
        },
        weight=2,
    ),
)
