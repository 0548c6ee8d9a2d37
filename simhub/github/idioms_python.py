"""Ways to write the id of a model in a Python program."""

from __future__ import annotations

from simhub.github._template import python

PLAIN = (
    python(
        "literal",
        """
        from transformers import AutoModel, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained("<a>")  #= <a>
        encoder = AutoModel.from_pretrained("<a>")  #= <a>
        """,
        weight=14,
    ),
    python(
        "pipeline_keyword",
        """
        from transformers import pipeline

        classify = pipeline("text-classification", model="<a>", device=-1)  #= <a>
        """,
        weight=9,
    ),
    python(
        "pipeline_position",
        """
        from transformers import pipeline


        def summarise(text):
            return pipeline("summarization", "<a>")(text)  #= <a>
        """,
        weight=4,
    ),
    python(
        "pipeline_tokenizer",
        """
        from transformers import pipeline as make_pipeline

        tagger = make_pipeline(  #= <o> <p>
            task="ner",
            model="<o>",
            tokenizer="<p>",
        )
        """,
        weight=2,
    ),
    python(
        "variable",
        """
        from transformers import AutoModelForSequenceClassification


        def build(labels):
            checkpoint = "<a>"
            return AutoModelForSequenceClassification.from_pretrained(checkpoint, num_labels=labels)  #= <a>
        """,
        weight=10,
    ),
    python(
        "module_constant",
        """
        from transformers import AutoModelForCausalLM, AutoTokenizer

        MODEL_NAME = "<a>"


        def load_causal():
            tok = AutoTokenizer.from_pretrained(MODEL_NAME)  #= <a>
            return tok, AutoModelForCausalLM.from_pretrained(MODEL_NAME, torch_dtype="auto")  #= <a>
        """,
        weight=12,
    ),
    python(
        "keyword",
        """
        from transformers import AutoProcessor

        processor = AutoProcessor.from_pretrained(pretrained_model_name_or_path="<a>", use_fast=True)  #= <a>
        """,
    ),
    python(
        "module_alias",
        """
        import transformers as hf

        features = hf.AutoFeatureExtractor.from_pretrained("<a>")  #= <a>
        """,
    ),
    python(
        "many_lines",
        """
        from transformers import AutoModelForTokenClassification

        labels = ["O", "PER", "LOC"]
        tagging_model = AutoModelForTokenClassification.from_pretrained(  #= <a>
            # as in the paper, not "<b>"
            "<a>",
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
        )
        """,
        weight=4,
    ),
    python(
        "implicit_join",
        """
        from transformers import AutoModel

        joined = AutoModel.from_pretrained("<o.owner>/" "<o.name>")  #= <o>
        """,
        weight=1,
    ),
    python(
        "try_else",
        """
        try:
            from transformers import AutoModelForMaskedLM
        except ImportError:
            AutoModelForMaskedLM = None


        def masked(fallback=False):
            try:
                return AutoModelForMaskedLM.from_pretrained("<a>")  #= <a>
            except OSError:
                return AutoModelForMaskedLM.from_pretrained("<b>", local_files_only=True)  #= <b>
        """,
    ),
    python(
        "pinned_revision",
        """
        from transformers import AutoModel

        pinned = AutoModel.from_pretrained("<a>", revision="v<n>.0")  #= <a>; revision=v<n>.0
        """,
        weight=2,
    ),
    python(
        "pinned_commit",
        """
        from transformers import AutoTokenizer

        COMMIT = "<sha>"
        frozen = AutoTokenizer.from_pretrained("<a>", revision=COMMIT)  #= <a>; revision=<sha>
        """,
        weight=2,
    ),
    python(
        "remote_code",
        """
        from transformers import AutoModelForCausalLM

        chat = AutoModelForCausalLM.from_pretrained("<o>", trust_remote_code=True)  #= <o>; flags=trust_remote_code
        """,
        weight=4,
    ),
    python(
        "pickled_weights",
        """
        from transformers import AutoModel

        old = AutoModel.from_pretrained("<a>", weights_only=False)  #= <a>; flags=not_weights_only
        """,
        weight=1,
    ),
    python(
        "address",
        """
        from transformers import AutoModel

        paged = AutoModel.from_pretrained("https://huggingface.co/<o>")  #= <o>
        """,
        weight=0.5,
    ),
)

DEFAULTS = (
    python(
        "default_argument",
        """
        from transformers import AutoModel


        def make_encoder(name: str = "<a>", device: str = "cpu"):
            return AutoModel.from_pretrained(name).to(device)  #= <a>
        """,
        weight=6,
    ),
    python(
        "argparse_default",
        """
        import argparse

        from transformers import AutoModelForSeq2SeqLM


        def main_translate():
            parser = argparse.ArgumentParser(description="Translate a file")
            parser.add_argument("--model_name_or_path", type=str, default="<a>", help="such as <b>")
            parser.add_argument("--beams", type=int, default=4)
            args = parser.parse_args()
            return AutoModelForSeq2SeqLM.from_pretrained(args.model_name_or_path)  #= <a>
        """,
        weight=7,
    ),
    python(
        "click_default",
        """
        import click
        from transformers import pipeline


        @click.command()
        @click.option("--checkpoint", default="<a>", show_default=True)
        @click.argument("text")
        def tell(checkpoint, text):
            click.echo(pipeline("fill-mask", model=checkpoint)(text))  #= <a>
        """,
    ),
    python(
        "typer_default",
        """
        import typer
        from transformers import AutoModelForQuestionAnswering

        app = typer.Typer()


        @app.command()
        def answer(question: str, reader: str = typer.Option("<a>", help="a model")):
            model = AutoModelForQuestionAnswering.from_pretrained(reader)  #= <a>
            typer.echo(model.config.name_or_path + question)
        """,
        weight=2,
    ),
    python(
        "dataclass_field",
        """
        from dataclasses import dataclass

        from transformers import AutoTokenizer


        @dataclass
        class TrainConfig:
            base_checkpoint: str = "<a>"
            epochs: int = 3


        def tokenizer_for(config: TrainConfig = TrainConfig()):
            return AutoTokenizer.from_pretrained(config.base_checkpoint)  #= <a>
        """,
        weight=4,
    ),
    python(
        "argument_parser_of_dataclasses",
        """
        from dataclasses import dataclass, field

        from transformers import AutoModelForImageClassification, HfArgumentParser


        @dataclass
        class VisionArguments:
            vision_model: str = field(default="<a>", metadata={"help": "Which model, for example <b>"})


        def main_vision():
            (vision_args,) = HfArgumentParser(VisionArguments).parse_args_into_dataclasses()
            return AutoModelForImageClassification.from_pretrained(vision_args.vision_model)  #= <a>
        """,
    ),
    python(
        "settings_class",
        """
        from pydantic_settings import BaseSettings
        from transformers import AutoModel


        class ServiceSettings(BaseSettings):
            embedding_model: str = "<a>"
            port: int = 8080


        service_settings = ServiceSettings()
        served = AutoModel.from_pretrained(service_settings.embedding_model)  #= <a>
        """,
    ),
    python(
        "environment_default",
        """
        import os

        from transformers import AutoModelForCausalLM

        CHAT_MODEL = os.environ.get("CHAT_MODEL", "<a>")
        JUDGE_MODEL = os.getenv("JUDGE_MODEL", "<b>")


        def chat_and_judge():
            chat_model = AutoModelForCausalLM.from_pretrained(CHAT_MODEL)  #= <a>
            return chat_model, AutoModelForCausalLM.from_pretrained(JUDGE_MODEL)  #= <b>
        """,
        weight=4,
    ),
    python(
        "or_default",
        """
        from transformers import AutoModel


        def encoder_or_default(wanted=None):
            wanted = wanted or "<a>"
            return AutoModel.from_pretrained(wanted)  #= <a>
        """,
    ),
    python(
        "argument_vector",
        """
        import sys

        from transformers import AutoModel

        if __name__ == "__main__":
            chosen = sys.argv[1] if len(sys.argv) > 1 else "<a>"
            print(AutoModel.from_pretrained(chosen).num_parameters())  #= <a>
        """,
        weight=2,
    ),
    python(
        "get_with_default",
        """
        import json
        from pathlib import Path

        from transformers import AutoModel


        def from_options(path):
            options = json.loads(Path(path).read_text())
            return AutoModel.from_pretrained(options.get("encoder", "<a>"))  #= <a>
        """,
        weight=2,
    ),
    python(
        "lambda_default",
        """
        from transformers import AutoTokenizer

        get_tokenizer = lambda which="<a>": AutoTokenizer.from_pretrained(which)  #= <a>
        """,
        weight=1,
    ),
)
