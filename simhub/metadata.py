"""What the Hub derives from a model: tags, cardData, config and the rarer fields of a record."""

from __future__ import annotations

from typing import Any

from simhub.spec import Spec
from simhub.vocab import ARCHS
from simhub.weights import parameters, weight_bytes

_AUTO = {
    "text-generation": "AutoModelForCausalLM",
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "fill-mask": "AutoModelForMaskedLM",
    "text2text-generation": "AutoModelForSeq2SeqLM",
    "question-answering": "AutoModelForQuestionAnswering",
    "automatic-speech-recognition": "AutoModelForCTC",
    "image-classification": "AutoModelForImageClassification",
}

_ROLES = ("system", "user", "assistant", "tool")
#: As long as real ones are: they are a good part of a listing's bytes.
_CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    + "".join(
        f"{{% if message['role'] == '{role}' %}}{{{{ '<|start_{role}|>\\n' + message['content'] | trim }}}}"
        f"{{% if loop.last and add_generation_prompt %}}{{{{ '<|start_assistant|>\\n' }}}}{{% endif %}}{{% endif %}}"
        for role in _ROLES
    )
    + "{% endfor %}"
)


def relation_tag(spec: Spec) -> str:
    """The relation as the Hub spells it in tags."""
    return spec.relation or "finetune"


def tags(spec: Spec) -> list[str]:
    """The tag list in the Hub's order: library, formats, architecture, words, facts of the card, region."""
    found = [spec.library] if spec.library else []
    found += [f for f in spec.formats if f in ("pytorch", "safetensors", "gguf", "onnx")]
    if spec.arch and spec.library in ("transformers", "sentence-transformers"):
        found.append(spec.arch)
    if spec.task and spec.task not in found:
        found.append(spec.task)
    if spec.relation == "merge":
        found += ["mergekit", "merge"]
    if spec.dtype in ("GPTQ", "AWQ"):
        found.append(spec.dtype.lower())
    if spec.declares:
        found += _declared_tags(spec)
    if spec.library == "transformers":
        found.append("endpoints_compatible")
    found.append(f"region:{spec.region}")
    return list(dict.fromkeys(found))


def _declared_tags(spec: Spec) -> list[str]:
    found = [*spec.words, *spec.languages]
    found += [f"dataset:{name}" for name in spec.datasets]
    found += [f"arxiv:{paper}" for paper in spec.arxiv]
    found += [f"base_model:{parent}" for parent in spec.parents]
    found += [f"base_model:{relation_tag(spec)}:{parent}" for parent in spec.parents]
    if spec.doi:
        found.append(f"doi:{spec.doi}")
    found += [f"license:{licence}" for licence in spec.licences]
    if spec.results:
        found.append("model-index")
    if spec.co2 is not None:
        found.append("co2_eq_emissions")
    return found


def _one_or_list(values: list[str], seed: int) -> str | list[str]:
    return values[0] if len(values) == 1 and seed % 3 else values


def card_data(spec: Spec) -> dict[str, Any]:
    """The card's front matter as data: what the author wrote, in the author's shapes."""
    if spec.folder:
        return spec.front
    data: dict[str, Any] = {}
    if spec.languages:
        data["language"] = _one_or_list(spec.languages, spec.seed)
    if spec.licences:
        data["license"] = _one_or_list(spec.licences, spec.seed | 1)
    if spec.licence_name:
        data["license_name"] = spec.licence_name
        data["license_link"] = f"https://example.org/licences/{spec.licence_name}"
    if spec.library and (spec.seed & 4 or spec.library in ("peft", "stable-baselines3")):
        data["library_name"] = spec.library
    if spec.words:
        data["tags"] = spec.words
    if spec.datasets:
        data["datasets"] = spec.datasets
    if spec.parents:
        data["base_model"] = _one_or_list(spec.parents, spec.seed >> 3)
        if spec.relation_declared:
            data["base_model_relation"] = relation_tag(spec)
    if spec.task and spec.seed & 8:
        data["pipeline_tag"] = spec.task
    if spec.widget:
        data["widget"] = [{"text": "The capital of France is [MASK]."}]
    if spec.co2 is not None:
        data["co2_eq_emissions"] = spec.co2
    if spec.results:
        data["model-index"] = model_index(spec)
    return data


def model_index(spec: Spec) -> list[dict[str, Any]]:
    """The model-index block."""
    return [{"name": spec.label, "results": spec.results}]


def config(spec: Spec) -> dict[str, Any]:
    """The `config` field of a record: the few keys the Hub keeps of config.json."""
    if spec.folder:
        return spec.config
    if spec.library == "diffusers":
        return {"diffusers": {"_class_name": "StableDiffusionPipeline"}}
    if spec.library == "peft":
        return {"peft": {"base_model_name_or_path": (spec.parents or ["unknown"])[0], "task_type": "CAUSAL_LM"}}
    if spec.library not in ("transformers", "sentence-transformers") or not spec.arch:
        return {}
    tokenizer: dict[str, Any] = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    if spec.task == "text-generation" and spec.seed % 2:
        tokenizer["chat_template"] = _CHAT_TEMPLATE
    return {
        "architectures": [ARCHS[spec.arch].cls + spec.head],
        "model_type": spec.arch,
        "tokenizer_config": tokenizer,
    }


def safetensors(spec: Spec) -> dict[str, Any] | None:
    """Parameter counts, where there is a safetensors file."""
    if "safetensors" not in spec.formats or not (spec.size or spec.counts):
        return None
    counts = spec.counts or parameters(spec)
    return {"parameters": counts, "total": sum(counts.values())}


def gguf(spec: Spec) -> dict[str, Any] | None:
    """GGUF facts, where there is a GGUF file."""
    if "gguf" not in spec.formats or not spec.size:
        return None
    facts = {"total": sum(parameters(spec).values()), "architecture": spec.arch, "context_length": 4096}
    return {**facts, "bos_token": "<s>", "eos_token": "</s>"}


def rare_fields(spec: Spec) -> dict[str, Any]:
    """The rarer fields of a full record; absent ones are left out as the Hub does."""
    found: dict[str, Any] = {}
    if spec.task == "fill-mask":
        found["mask_token"] = "[MASK]"  # noqa: S105 - a tokenizer's token, no secret
    if spec.widget and spec.declares:
        found["widgetData"] = [{"text": "The capital of France is [MASK]."}]
    if spec.results and spec.declares:
        found["model-index"] = model_index(spec)
    if spec.library == "transformers" and spec.task in _AUTO:
        auto = {"auto_model": _AUTO[spec.task], "pipeline_tag": spec.task, "processor": "AutoTokenizer"}
        found["transformersInfo"] = auto
    for key, value in (("safetensors", safetensors(spec)), ("gguf", gguf(spec))):
        if value is not None:
            found[key] = value
    if spec.parents and spec.declares:
        models = [{"_id": spec.oid, "id": parent} for parent in spec.parents]
        found["baseModels"] = {"relation": relation_tag(spec), "models": models}
    if spec.seed % 50 == 0:
        found["spaces"] = [f"{spec.first_id.partition('/')[0]}/demo"]
    found["usedStorage"] = weight_bytes(spec) if spec.size and spec.formats else 1_519
    return found
