"""Addresses: the repository, papers, demos."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from crawler.understanding._base import Value
from crawler.understanding._document import Document, Link, words_around

_GITHUB = re.compile(r"https?://(?:www\.)?github\.com/([\w.-]{1,60})/([\w.-]{1,100})")
_PAGES = re.compile(r"https?://([\w-]{1,60})\.github\.io/")
_NOT_OWNERS = {"features", "sponsors", "topics", "orgs", "marketplace", "settings", "about", "blog", "apps"}
#: Tools that cards link to in passing: seldom the model's own repository.
_TOOLS = {
    "huggingface/transformers", "huggingface/peft", "huggingface/diffusers", "huggingface/datasets",
    "huggingface/accelerate",
    "ggerganov/llama.cpp", "ggml-org/llama.cpp", "oobabooga/text-generation-webui", "lostruins/koboldcpp",
    "vllm-project/vllm",
    "autogptq/autogptq", "panqiwei/autogptq", "casper-hansen/autoawq", "marella/ctransformers",
    "abetlen/llama-cpp-python",
    "turboderp/exllama", "turboderp/exllamav2", "unslothai/unsloth", "arcee-ai/mergekit", "cg123/mergekit",
    "automatic1111/stable-diffusion-webui",
    "axolotl-ai-cloud/axolotl", "openaccess-ai-collective/axolotl", "tloen/alpaca-lora", "xenova/transformers.js",
    "nvidia/apex",
    "eleutherai/lm-evaluation-harness", "bigcode-project/bigcode-evaluation-harness", "timdettmers/bitsandbytes",
    "microsoft/deepspeed",
    "huggingface/text-generation-inference", "opennmt/ctranslate2", "google/sentencepiece",
    "parisneo/lollms-webui", "hiyouga/llama-factory",
    "huggingface/trl", "dao-ailab/flash-attention", "mlco2/impact", "comfyanonymous/comfyui",
    "huggingface/optimum", "kpu/kenlm",
    "huggingface/blog", "huggingface/notebooks", "thebloke/autogptq", "huggingface/hub-docs",
    "nomic-ai/gpt4all-ui", "embeddings-benchmark/mteb",
    "embedded/mteb", "mozilla/deepspeech", "ml-explore/mlx", "ollama/ollama", "janhq/jan", "sgl-project/sglang",
    "facebookresearch/faiss",
}  # fmt: skip
_ARXIV = re.compile(
    r"arxiv\.org/(?:abs|pdf|html)/(\d{4}\.\d{4,5}|[a-z-]{2,10}/\d{7})|(?:ar5iv\.\w{2,12}(?:\.org)?/(?:abs|html)"
    r"|(?:huggingface\.co|hf\.co)/papers|alphaxiv\.org/abs)/(\d{4}\.\d{4,5})"
    r"|10\.48550/arxiv\.(\d{4}\.\d{4,5})",
    re.IGNORECASE,
)
_ARXIV_WORDS = re.compile(
    r"arxiv(?: preprint)?(?::| ?\[)? ?(?:arxiv:)?(\d{4}\.\d{4,5})|eprint ?= ?[{\"](\d{4}\.\d{4,5})", re.IGNORECASE
)
_DOI = re.compile(
    r"(?:doi\.org/|\bdoi ?[:=] ?[{\"]?)(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s\"<>{}\])]{1,150})",
    re.IGNORECASE,
)
_PAPER_HOSTS = re.compile(
    r"https?://(?:www\.)?(?:aclanthology\.org|aclweb\.org/anthology|openreview\.net|papers\.n(?:eur)?ips\.cc"
    r"|proceedings\.mlr\.press|link\.springer\.com|"
    r"dl\.acm\.org|ieeexplore\.ieee\.org|www\.sciencedirect\.com|sciencedirect\.com|www\.biorxiv\.org"
    r"|biorxiv\.org|openaccess\.thecvf\.com|"
    r"isca-speech\.org|isca-archive\.org|www\.nature\.com|ojs\.aaai\.org|academic\.oup\.com|cdn\.openai\.com"
    r"|d4mucfpksywv\.cloudfront|"
    r"pubmed\.ncbi|(?:www\.)?ncbi\.nlm|semanticscholar\.org/paper|zenodo\.org|hal\.)[^\s]{2,300}"
)
_BIBTEX = re.compile(r"@(\w{3,20})\{[^@]{0,60}?,([^@]{0,4000})")
_TITLE = re.compile(
    r"\btitle ?= ?[{\"]{1,3}([^\n]{5,300}?)[}\"]{1,3} ?(?:,|\n|$)|\btitle ?= ?[{\"]{1,2}([^\"}]{5,400})",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:this|the|our|original|official|introduced|presented|described|proposed|released|repository|repo|code"
    r"|paper|source|github|first)\b"
)
_COLAB = re.compile(
    r"https?://colab\.research\.google\.com/[^\s]{3,300}|https?://(?:www\.)?kaggle\.com/(?:code"
    r"|notebooks)/[^\s]{3,200}"
)
_SPACE = re.compile(r"https?://(?:huggingface\.co|hf\.co)/spaces/([\w.-]{1,96}/[\w.-]{1,96})")
_DEMO = re.compile(
    r"https?://[^\s/]{0,60}(?:\.hf\.space|gradio\.(?:app|live)|replicate\.com|streamlit\.(?:app|io)"
    r"|modelscope\.cn/studios|youtube\.com/watch|youtu\.be/|demo)[^\s]{0,300}"
)
_DEMO_WORDS = re.compile(r"\bdemo\b|try (?:it|out|here|our|the model)|playground|live demo|online demo")
_CITE = re.compile(r"\b(?:cit(?:e|ation|ing)|bibtex|reference|paper|publication)")


def find(document: Document) -> Iterator[Value]:
    """Each address under its field; the first and the labelled ones are more surely the model's own."""
    yield from _github(document)
    yield from _papers(document)
    yield from _bibtex(document)
    yield from _demos(document)
    yield from _usage(document)


def _github(document: Document) -> Iterator[Value]:
    seen: set[str] = set()
    for link in document.links:
        match = None if link.image and "github.com" not in link.url else _GITHUB.match(link.url)
        if match is None or match[1].lower() in _NOT_OWNERS:
            continue
        name = f"{match[1]}/{match[2].removesuffix('.git').rstrip('.')}"
        if name.lower() in seen:
            continue
        around = words_around(document, link.at, link.at + len(link.words), 70)
        if name.lower() in _TOOLS:
            rule, confidence = "github.tool", 0.2
        elif (
            re.search(r"repositor|\brepo\b|official|code|github", around + " ".join(document.titles(link.at)[:1]))
            and not seen
        ):
            rule, confidence = "github.first_said", 0.85
        elif not seen:
            rule, confidence = "github.first", 0.65
        else:
            rule, confidence = (
                ("github.later_said", 0.45)
                if re.search(r"repositor|official|our code", around)
                else ("github.later", 0.3)
            )
        if rule != "github.tool":
            seen.add(name.lower())
        yield document.at("github", f"https://github.com/{name}", link.start, link.end, rule, confidence, "link")


def _papers(document: Document) -> Iterator[Value]:
    count = 0
    for link in document.links:
        value = None if link.image else _paper(link)
        if value is None:
            continue
        around = words_around(document, link.at, link.at + len(link.words), 80)
        titles = " ".join(document.titles(link.at)[:1])
        own = (bool(_OWN.search(around)) and "paper" in around + titles) or bool(
            re.match(r"paper|citation|cite", titles)
        )
        rule, confidence = (
            ("paper.first_said", 0.9)
            if own and not count
            else ("paper.first", 0.75)
            if not count
            else ("paper.later_said", 0.45)
            if own
            else ("paper.later", 0.3)
        )
        count += 1
        yield document.at("paper", value, link.start, link.end, rule, confidence, "link")
    for match in islice(_ARXIV_WORDS.finditer(document.plain), 20):
        yield document.value("paper", {"arxiv": match[1] or match[2]}, match.start(), match.end(), "paper.words", 0.6)


def _paper(link: Link) -> dict[str, str] | None:
    url = link.url
    if match := _ARXIV.search(url):
        return {"arxiv": next(group for group in match.groups() if group)}
    if match := _DOI.search(url):
        return {"doi": match[1].rstrip(".,;").lower()}
    if _PAPER_HOSTS.match(url):
        return {"url": url[:500]}
    words = link.words.lower()
    if url.lower().endswith(".pdf") and ("paper" in words or "report" in words or "/papers/" in url):
        return {"url": url[:500]}
    return None


def _bibtex(document: Document) -> Iterator[Value]:
    """Entries of BibTeX: their arXiv id or DOI, else their title."""
    texts = [(block.text, block.start, False) for block in document.code if "@" in block.text]
    if "@" in document.plain:
        texts.append((document.plain[:100_000], 0, True))
    for text, offset, plain in texts[:20]:
        for count, match in enumerate(islice(_BIBTEX.finditer(text), 12)):
            if match[1].lower() in ("software", "dataset"):
                continue
            entry = match[2]
            value: dict[str, str] = {}
            if found := _ARXIV_WORDS.search(entry) or _ARXIV.search(entry):
                value["arxiv"] = next(group for group in found.groups() if group)
            elif found := _DOI.search(entry):
                value["doi"] = found[1].rstrip(".,;").lower()
            title = _TITLE.search(entry)
            if title:
                value["title"] = " ".join(re.sub(r"[{}\\]", "", title[1] or title[2]).split())[:300]
            if not value:
                continue
            rule, confidence = ("paper.bibtex", 0.8) if not count else ("paper.bibtex_later", 0.4)
            start = match.start(2) + (title.start() if title else 0)
            end = match.start(2) + (title.end() if title else len(entry))
            if plain:
                yield document.value("paper", value, start, end, rule, confidence)
            else:
                yield document.at("paper", value, offset + start, offset + end, rule, confidence, "code")


def _demos(document: Document) -> Iterator[Value]:
    for link in document.links:
        url = link.url
        if "/spaces/" in url and (match := _SPACE.match(url)):
            if (
                match[1]
                .lower()
                .startswith(
                    (
                        "bigscience/license",
                        "compvis/stable-diffusion-license",
                        "open-llm",
                        "mteb/",
                        "huggingfaceh4/open",
                        "hf-audio/",
                    )
                )
                or "leaderboard" in match[1].lower()
            ):
                continue
            yield document.at(
                "demo", {"kind": "space", "url": url[:500]}, link.start, link.end, "demo.space", 0.8, "link"
            )
        elif _COLAB.match(url):
            yield document.at(
                "demo", {"kind": "colab", "url": url[:500]}, link.start, link.end, "demo.colab", 0.85, "link"
            )
        elif _DEMO.match(url) and not link.image:
            yield document.at(
                "demo", {"kind": "page", "url": url[:500]}, link.start, link.end, "demo.page", 0.65, "link"
            )
        elif not link.image and _DEMO_WORDS.search(link.words.lower()):
            yield document.at(
                "demo", {"kind": "page", "url": url[:500]}, link.start, link.end, "demo.words", 0.7, "link"
            )


def _usage(document: Document) -> Iterator[Value]:
    """The first block of code that loads a model: code to try it with."""
    for block in document.code[:20]:
        match = re.search(
            r"from_pretrained\(|\bpipeline\(|SentenceTransformer\(|create_model\(|hub\.load\(|load_model\("
            r"|load_from_hub",
            block.text[:10_000],
        )
        if match:
            end = min(len(block.text), 2_000)
            yield document.at("demo", {"kind": "code"}, block.start, block.start + end, "demo.code", 0.6, "code")
            return
