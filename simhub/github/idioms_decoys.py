"""Programs that look as if they loaded a model from a hub, and load none."""

from __future__ import annotations

from simhub.github._template import python

PROGRAMS = (
    python(
        "comment",
        """
        # Compared with <a>: AutoModel.from_pretrained("<a>") is slower.
        # model = AutoModel.from_pretrained("<b>")
        LAYERS = 12  # as <c>
        """,
        weight=4,
    ),
    python(
        "docstring",
        '''
        def tokenise(texts, tokenizer):
            """Tokenise texts.

            >>> from transformers import AutoTokenizer
            >>> tokenise(["a"], AutoTokenizer.from_pretrained("<a>"))
            """
            return [tokenizer(text) for text in texts]
        ''',
        weight=4,
    ),
    python(
        "message",
        """
        import logging

        import transformers

        logging.getLogger(__name__).info("transformers %s, tested with <a>", transformers.__version__)
        print("Use AutoModel.from_pretrained('<b>') or pipeline(model='<c>')")
        """,
        weight=4,
    ),
    python(
        "upload",
        """
        from huggingface_hub import HfApi, create_repo


        def publish(net, folder):
            net.push_to_hub("<o>")
            create_repo(repo_id="<p>", exist_ok=True)
            HfApi().upload_folder(repo_id="<p>", folder_path=folder)
        """,
        weight=4,
    ),
    python(
        "upload_target",
        """
        from transformers import TrainingArguments

        training_arguments = TrainingArguments(output_dir="out", push_to_hub=True, hub_model_id="<o>")
        """,
        weight=3,
    ),
    python(
        "data_set",
        """
        from datasets import load_dataset
        from huggingface_hub import snapshot_download

        corpus = load_dataset("<o>", split="train")
        raw = snapshot_download(repo_id="<p>", repo_type="dataset")
        """,
        weight=5,
    ),
    python(
        "local_path",
        """
        from transformers import AutoModel, AutoTokenizer

        local_model = AutoModel.from_pretrained("./checkpoints/<o.name>")
        local_tokenizer = AutoTokenizer.from_pretrained("/data/models/<o>")
        resumed = AutoModel.from_pretrained("output/checkpoint-500")
        """,
        weight=6,
    ),
    python(
        "own_output",
        """
        from transformers import AutoModelForSequenceClassification


        def save_and_read(trainer):
            trainer.save_model("sentiment/final")
            return AutoModelForSequenceClassification.from_pretrained("sentiment/final")
        """,
        weight=3,
    ),
    python(
        "architecture",
        """
        from transformers import AutoModelForMaskedLM, BertConfig

        untrained = AutoModelForMaskedLM.from_config(BertConfig(hidden_size=128, num_hidden_layers=2))
        """,
        weight=3,
    ),
    python(
        "no_weights",
        """
        import timm
        from torchvision.models import resnet18

        blank = timm.create_model("<vision>", pretrained=False, num_classes=10)
        empty = resnet18(weights=None)
        """,
        weight=3,
    ),
    python(
        "environment",
        """
        import os

        from transformers import AutoModel

        deployed = AutoModel.from_pretrained(os.environ["DEPLOYED"])
        """,
        weight=3,
    ),
    python(
        "required_argument",
        """
        import argparse

        from transformers import AutoModel


        def main_required():
            wanted = argparse.ArgumentParser()
            wanted.add_argument("--weights_from", required=True, help="for example <a>")
            return AutoModel.from_pretrained(wanted.parse_args().weights_from)
        """,
        weight=4,
    ),
    python(
        "placeholder",
        """
        from transformers import AutoModel

        yours = AutoModel.from_pretrained("your-username/your-model")
        """,
        weight=2,
    ),
    python(
        "mocked",
        """
        from unittest.mock import patch


        @patch("transformers.AutoModel.from_pretrained")
        def test_loader(from_pretrained):
            from_pretrained.return_value.name_or_path = "<a>"
            assert from_pretrained("./nowhere").name_or_path == "<a>"
        """,
        weight=1,
    ),
    python(
        "table_of_prices",
        """
        PRICES = {"<a>": 0.1, "<b>": 0.7}
        CITATIONS = ["https://huggingface.co/<o>", "https://arxiv.org/abs/1810.04805"]
        """,
        weight=3,
    ),
    python(
        "other_pretrained",
        """
        class Robot:
            @classmethod
            def load(cls, where):
                return cls()


        robot = Robot.load("<o>")
        project = {"entity": "<o.owner>", "project": "<o>"}
        """,
        weight=2,
    ),
    python(
        "overwritten",
        """
        from transformers import AutoModel

        replaced = "<a>"
        replaced = "./models/here"
        from_here = AutoModel.from_pretrained(replaced)
        """,
        weight=1,
    ),
)

CALLS = (
    python(
        "model_of_a_service",
        """
        import litellm
        from openai import OpenAI

        answer = litellm.completion(model="anthropic/claude-3-5-sonnet", messages=[])
        routed = OpenAI().chat.completions.create(model="openai/gpt-4o", messages=[])
        """,
        weight=3,
    ),
    python(
        "data_file",
        """
        import pandas as pd
        from huggingface_hub import hf_hub_download

        labels_file = hf_hub_download("<o>", "labels.csv", repo_type="dataset")
        frame = pd.read_parquet("hf://datasets/<p>/train.parquet")
        """,
        weight=2,
    ),
    python(
        "space",
        """
        from gradio_client import Client

        space = Client("<o>")
        """,
        weight=1,
    ),
    python(
        "asked_for",
        """
        from transformers import AutoModel

        asked = AutoModel.from_pretrained(input("Which model? For example <a>: "))
        """,
        weight=2,
    ),
    python(
        "never_reached",
        """
        KNOWN_MODELS = ["<a>", "<b>", "<c>"]


        def check_known(name):
            if name not in KNOWN_MODELS:
                raise ValueError(f"{name} is none of {KNOWN_MODELS}")
        """,
        weight=3,
    ),
    python(
        "description_only",
        """
        from huggingface_hub import list_models, model_info

        print(model_info("<o>").downloads, len(list(list_models(author="<o.owner>"))))
        """,
        weight=2,
    ),
)
