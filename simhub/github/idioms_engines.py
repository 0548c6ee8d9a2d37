"""Ways to load models that write and hear, and to fetch the files of a model, library by library."""

from __future__ import annotations

from simhub.github._template import python

TEXTS = (
    python(
        "peft",
        """
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        frozen_base = AutoModelForCausalLM.from_pretrained("<o>")  #= <o>; library=transformers
        adapted = PeftModel.from_pretrained(frozen_base, "<p>")  #= <p>
        """,
        "peft",
        weight=5,
    ),
    python(
        "peft_auto",
        """
        from peft import AutoPeftModelForCausalLM

        merged = AutoPeftModelForCausalLM.from_pretrained("<o>").merge_and_unload()  #= <o>
        """,
        "peft",
        weight=2,
    ),
    python(
        "vllm",
        """
        from vllm import LLM, SamplingParams

        engine = LLM(model="<o>", tensor_parallel_size=2)  #= <o>
        print(engine.generate(["Hello"], SamplingParams(temperature=0.1)))
        """,
        "vllm",
        weight=5,
    ),
    python(
        "llama_cpp",
        """
        from llama_cpp import Llama

        llama = Llama.from_pretrained(repo_id="<o>", filename="*q4_k_m.gguf", n_ctx=2048)  #= <o>
        """,
        "llama_cpp",
        weight=3,
    ),
    python(
        "mlx_lm",
        """
        from mlx_lm import generate, load

        mlx_model, mlx_tokenizer = load("<o>")  #= <o>
        print(generate(mlx_model, mlx_tokenizer, prompt="hi"))
        """,
        "mlx_lm",
        weight=2,
    ),
    python(
        "unsloth",
        """
        from unsloth import FastLanguageModel

        fast, fast_tokenizer = FastLanguageModel.from_pretrained(model_name="<o>", load_in_4bit=True)  #= <o>
        """,
        "unsloth",
        weight=2,
    ),
    python(
        "trl",
        """
        from trl import SFTTrainer

        tuner = SFTTrainer(model="<o>", train_dataset=None)  #= <o>
        """,
        "trl",
        weight=2,
    ),
    python(
        "optimum",
        """
        from optimum.onnxruntime import ORTModelForSequenceClassification

        onnx = ORTModelForSequenceClassification.from_pretrained("<a>", export=True)  #= <a>
        """,
        "optimum",
        weight=2,
    ),
    python(
        "spacy",
        """
        import spacy

        nlp = spacy.load("<spacy>", disable=["parser"])  #= <spacy>; hub=spacy
        """,
        "spacy",
        weight=6,
    ),
    python(
        "spacy_package",
        """
        import en_core_web_md

        packaged = en_core_web_md.load()  #= en_core_web_md; hub=spacy
        """,
        "spacy",
        weight=1,
    ),
    python(
        "ollama",
        """
        import ollama

        reply = ollama.chat(model="llama3.2:3b", messages=[{"role": "user", "content": "hi"}])  #= llama3.2:3b; hub=ollama
        """,  # noqa: E501
        "ollama",
        weight=2,
    ),
    python(
        "modelscope",
        """
        from modelscope import snapshot_download as fetch_from_scope

        scope_folder = fetch_from_scope("<o>")  #= <o>; hub=modelscope
        """,
        "modelscope",
        weight=1,
    ),
)

SOUNDS = (
    python(
        "faster_whisper",
        """
        from faster_whisper import WhisperModel

        hear = WhisperModel("<o>", device="cpu", compute_type="int8")  #= <o>
        """,
        "faster_whisper",
        weight=2,
    ),
    python(
        "openai_whisper",
        """
        import whisper

        listen = whisper.load_model("base")  #= base; hub=openai-whisper
        """,
        "whisper",
        weight=2,
    ),
    python(
        "pyannote",
        """
        from pyannote.audio import Pipeline

        speakers = Pipeline.from_pretrained("<o>", use_auth_token=True)  #= <o>
        """,
        "pyannote",
        weight=1,
    ),
    python(
        "speechbrain",
        """
        from speechbrain.inference import EncoderClassifier

        voices = EncoderClassifier.from_hparams(source="<o>", savedir="voices")  #= <o>
        """,
        "speechbrain",
        weight=1,
    ),
)

DOWNLOADS = (
    python(
        "snapshot_download",
        """
        from huggingface_hub import snapshot_download

        folder = snapshot_download(repo_id="<o>", local_dir="weights", ignore_patterns=["*.h5"])  #= <o>
        """,
        "huggingface_hub",
        weight=5,
    ),
    python(
        "hub_download",
        """
        from huggingface_hub import hf_hub_download

        config_path = hf_hub_download("<o>", "config.json", revision="refs/pr/<n>")  #= <o>; revision=refs/pr/<n>
        """,
        "huggingface_hub",
        weight=5,
    ),
    python(
        "pickle_from_hub",
        """
        import torch
        from huggingface_hub import hf_hub_download

        state = torch.load(hf_hub_download(repo_id="<o>", filename="w.bin"), weights_only=False)  #= <o>; flags=not_weights_only
        """,  # noqa: E501
        "huggingface_hub",
        weight=1,
    ),
    python(
        "download_then_load",
        """
        from huggingface_hub import snapshot_download
        from transformers import AutoModel

        on_disk = snapshot_download("<o>")  #= <o>
        from_disk = AutoModel.from_pretrained(on_disk)
        """,
        "huggingface_hub",
        weight=2,
    ),
    python(
        "inference_client",
        """
        from huggingface_hub import InferenceClient

        remote = InferenceClient(model="<o>")  #= <o>
        """,
        "huggingface_hub",
        weight=2,
    ),
    python(
        "hub_file_system",
        """
        import fsspec

        with fsspec.open("hf://<o>/config.json") as stream:  #= <o>; library=fsspec
            remote_config = stream.read()
        """,
        "fsspec",
        weight=0.5,
    ),
    python(
        "subprocess_download",
        """
        import subprocess

        subprocess.run(["huggingface-cli", "download", "<o>", "--local-dir", "weights"], check=True)  #= <o>
        """,
        "huggingface_hub",
        weight=1,
    ),
    python(
        "served_by_system",
        """
        import os

        os.system("vllm serve <o> --port 8001 &")  #= <o>
        """,
        "vllm",
        weight=0.5,
    ),
    python(
        "managed_endpoint",
        """
        from sagemaker.huggingface import HuggingFaceModel

        endpoint = HuggingFaceModel(  #= <o>
            env={"HF_MODEL_ID": "<o>", "HF_TASK": "text-generation"},
            role="role",
            transformers_version="4.37",
        )
        """,
        "sagemaker",
        weight=1,
    ),
)
