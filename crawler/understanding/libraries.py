"""Tasks, domains, frameworks and libraries: from imports, classes, calls and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from crawler.understanding._base import Value
from crawler.understanding._document import Code, Document
from crawler.understanding._vocabulary import Mention, aliases, table

_IMPORT = re.compile(r"^[ >.]{0,12}(?:from|import) {1,4}([A-Za-z_]\w{0,40})", re.MULTILINE)
_PIPELINE = re.compile(r"\bpipeline\( {0,4}(?:\n {0,12})?(?:task ?= ?)?[\"']([a-z0-9-]{2,40})[\"']")
_CLASS = re.compile(r"\b(TF|Flax|ORT)?(?:[A-Z][A-Za-z0-9]{1,30})?For([A-Z][A-Za-z0-9]{2,40})\b")
_LOAD = re.compile(r"\b(TF|Flax)?(?:[A-Z][A-Za-z0-9]{1,40})?Model\.from_pretrained\(")
_PT = re.compile(r"return_tensors ?= ?[\"'](pt|tf|np|jax)[\"']")
_INSTALL = re.compile(r"pip3? install (?:-[-\w]{1,20} ){0,3}((?:[\w.\[\]=<>~-]{2,40} ?){1,8})")
_VERSIONS = re.compile(r"^(?:framework versions|versions)$")
_HEADS = {
    "SequenceClassification": "text-classification", "TokenClassification": "token-classification",
    "QuestionAnswering": "question-answering", "MaskedLM": "fill-mask", "CausalLM": "text-generation",
    "ConditionalGeneration": None, "Seq2SeqLM": "text2text-generation", "PreTraining": None,
    "CTC": "automatic-speech-recognition",
    "SpeechSeq2Seq": "automatic-speech-recognition", "ImageClassification": "image-classification",
    "ObjectDetection": "object-detection", "SemanticSegmentation": "image-segmentation",
    "InstanceSegmentation": "image-segmentation", "UniversalSegmentation": "image-segmentation",
    "DepthEstimation": "depth-estimation", "AudioClassification": "audio-classification",
    "VideoClassification": "video-classification", "TableQuestionAnswering": "table-question-answering",
    "DocumentQuestionAnswering": "document-question-answering", "Vision2Seq": "image-to-text",
    "MultipleChoice": "multiple-choice",
}  # fmt: skip
_ALIASES = {
    "ner": "token-classification",
    "sentiment-analysis": "text-classification",
    "vqa": "visual-question-answering",
}
_PROCESSOR = re.compile(
    r"\b(?:(?P<nlp>(?:Auto|Bert|Roberta|T5|GPT2|Llama|XLMRoberta)Tokenizer(?:Fast)?|SentenceTransformer\()|"
    r"(?P<cv>AutoImageProcessor|ViTFeatureExtractor|ViTImageProcessor|timm\.create_model)|(?P<audio>torchaudio"
    r"|librosa|Wav2Vec2Processor|WhisperProcessor)|"
    r"(?P<mm>StableDiffusion\w{0,20}Pipeline|DiffusionPipeline|AutoPipelineForText2Image|FluxPipeline"
    r"|LatentConsistencyModelPipeline))"
)
_PROCESSORS = {"nlp": "nlp", "cv": "cv", "audio": "audio", "mm": "multimodal"}
_DOMAIN_WORDS = (
    ("language model", "nlp", 0.65), ("large language model", "nlp", 0.7), ("llm", "nlp", 0.6), ("word embeddings",
    "nlp", 0.7),
    ("wav2vec", "audio", 0.6), ("wav2vec2", "audio", 0.7), ("speech", "audio", 0.5), ("stable diffusion",
    "multimodal", 0.65),
    ("vision transformer", "cv", 0.65), ("image backbone", "cv", 0.7), ("reinforcement learning",
    "reinforcement-learning", 0.45),
    ("tokenizer", "nlp", 0.5), ("bert", "nlp", 0.55), ("lora", "multimodal", 0.2),
)  # fmt: skip
_TENSORS = {"pt": "pytorch", "tf": "tensorflow", "jax": "jax"}


def find(document: Document, named: dict[str, list[Mention]]) -> Iterator[Value]:
    """Everything that code and words say about what runs the model and what it is for."""
    yield from _code(document)
    yield from _words(document, named)
    yield from _domains(document)


def _code(document: Document) -> Iterator[Value]:
    imports = aliases("libraries", "imports")
    for block in document.code[:60]:
        text = block.text[:20_000]
        for match in islice(_IMPORT.finditer(text), 60):
            name = imports.get(match[1].lower()) or imports.get(match[1])
            if name:
                yield _library(document, name, block, match.span(1), "library.import", 0.85)
        for match in islice(_LOAD.finditer(text), 4):
            framework = {"TF": "tensorflow", "Flax": "jax"}.get(match[1] or "", "pytorch")
            yield _library(document, framework, block, match.span(), "library.class", 0.8)
        for match in islice(_PT.finditer(text), 3):
            if match[1] in _TENSORS:
                yield _library(document, _TENSORS[match[1]], block, match.span(), "library.tensors", 0.9)
        for match in islice(_PIPELINE.finditer(text), 10):
            yield from _task(document, _ALIASES.get(match[1], match[1]), block, match.span(1), "task.pipeline", 0.85)
        for match in islice(_CLASS.finditer(text), 20):
            head = _HEADS.get(match[2])
            framework = {"TF": "tensorflow", "Flax": "jax", "ORT": "onnx"}.get(match[1] or "", "pytorch")
            if match[2] in _HEADS:
                yield _library(document, framework, block, match.span(), "library.class", 0.8)
            if head:
                yield from _task(document, head, block, match.span(), "task.class", 0.75)
        for match in islice(_INSTALL.finditer(text), 10):
            for word in re.finditer(r"[A-Za-z][\w.-]{1,40}", match[1]):
                name = aliases("libraries", "tags").get(word[0].lower())
                if name:
                    start = match.start(1) + word.start()
                    yield _library(document, name, block, (start, start + len(word[0])), "library.install", 0.75)


def _library(
    document: Document, name: str, block: Code, span: tuple[int, int], rule: str, confidence: float
) -> Value:
    return document.at(_kind(name), name, block.start + span[0], block.start + span[1], rule, confidence, "code")


def _kind(name: str) -> str:
    return _KINDS().get(name, "library")


def _KINDS() -> dict[str, str]:
    return {row["name"]: row["kind"] for row in table("libraries")}


def _task(
    document: Document, task: str, block: Code, span: tuple[int, int], rule: str, confidence: float
) -> Iterator[Value]:
    domain = {row["task"]: row["domain"] for row in table("tasks")}.get(task)
    if domain:
        start, end = block.start + span[0], block.start + span[1]
        yield document.at("task", task, start, end, rule, confidence, "code")
        yield document.at("domain", domain, start, end, rule, confidence, "code")


def _domains(document: Document) -> Iterator[Value]:
    """Words and classes that tell the domain where no task is named."""
    for phrase, domain, confidence in _DOMAIN_WORDS:
        for start in document.words.get(phrase.partition(" ")[0], ())[:20]:
            if document.lower.startswith(phrase, start):
                yield document.value("domain", domain, start, start + len(phrase), "domain.words", confidence)
                break
    for block in document.code[:60]:
        for match in islice(_PROCESSOR.finditer(block.text[:20_000]), 5):
            domain = next(said for group, said in _PROCESSORS.items() if match[group])
            start, end = block.start + match.start(), block.start + match.end()
            yield document.at("domain", domain, start, end, "domain.class", 0.6, "code")
            if domain == "multimodal":
                yield document.at("task", "text-to-image", start, end, "task.class", 0.75, "code")


def _words(document: Document, named: dict[str, list[Mention]]) -> Iterator[Value]:
    """Known names in prose: a title says most; "Framework versions" lists what trained the model."""
    for mention in named.get("libraries", [])[:300]:
        titles = document.titles(mention.start)
        listed = bool(titles) and bool(_VERSIONS.match(titles[0]))
        heading = document.kind(mention.start) == "heading"
        rule, confidence = (
            ("library.versions", 0.9) if listed else ("library.title", 0.7) if heading else ("library.mention", 0.55)
        )
        yield document.value(_kind(mention.name), mention.name, mention.start, mention.end, rule, confidence)
    domains = {row["task"]: row["domain"] for row in table("tasks")}
    first = True
    for mention in named.get("tasks", [])[:300]:
        heading = document.kind(mention.start) == "heading"
        rule, confidence = (
            ("task.title", 0.75) if heading else ("task.first", 0.65) if first else ("task.mention", 0.4)
        )
        first = False
        yield document.value("task", mention.name, mention.start, mention.end, rule, confidence)
        domain = domains[mention.name]
        yield document.value("domain", domain, mention.start, mention.end, rule, confidence + 0.1)
