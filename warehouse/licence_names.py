"""What words and links mean which licence: names as people write them in sentences, fields and addresses.

Patterns fit text in lower case with dashes made plain, mark-up taken away and white space folded (``plain``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from warehouse.licences import understand

_L = "licen[cs]e"
_AGREEMENT = rf"(?:{_L}|agreement|terms)"
_V = r"(?:,? ?-? ?(?:version|ver\.?|v\.?)? ?-?)"
_LONGEST = 500


def _compiled(rows: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((licence, re.compile(pattern)) for licence, pattern in rows)


def _cc(kind: str, words: str) -> str:
    loose = (
        words.replace("-", "[-: ]{1,3}")
        .replace("noncommercial", "non[- ]?commercial")
        .replace("share-?alike", "share[- ]?alike")
    )
    return rf"(?:cc|creative commons)[ -]?(?:{kind.replace('-', '[- ]')}|{loose})"


#: Names that mean a licence wherever they stand; the first that fits a place takes it.
NAMES = _compiled((
    ("LicenseRef-Llama-4", rf"llama[ -]?4 (?:community )?{_AGREEMENT}"),
    ("LicenseRef-Llama-3.3", rf"llama[ -]?3[._]3[ -](?:community )?{_AGREEMENT}"),
    ("LicenseRef-Llama-3.2", rf"llama[ -]?3[._]2[ -](?:community )?{_AGREEMENT}"),
    ("LicenseRef-Llama-3.1", rf"llama[ -]?3[._]1[ -](?:community )?{_AGREEMENT}"),
    ("LicenseRef-Llama-3", rf"llama[ -]?(?:3|iii)[ -](?:community[ -])?{_AGREEMENT}"),
    ("LicenseRef-Llama-2", rf"llama[ -]?(?:2|ii)[ -](?:community[ -]|commercial )?{_AGREEMENT}"),
    ("LicenseRef-Llama-1", rf"(?:llama[ -]?1|original llama|llama 1|llama v1) {_AGREEMENT}"),
    ("LicenseRef-Gemma", r"gemma (?:terms of use|licen[cs]e)|gemma-terms-of-use"),
    ("LicenseRef-Qwen-Research", r"(?:tongyi[ -]qianwen|qwen)[ -]research\b"),
    ("LicenseRef-Qwen", rf"tongyi[ -]qianwen|qwen(?:\d(?:\.\d)?)?[ -]{_AGREEMENT}"),
    ("LicenseRef-DeepSeek", rf"deepseek(?:[ -](?:model|llm|coder|v\d))*[ -]{_AGREEMENT}"),
    ("LicenseRef-Falcon-LLM", rf"(?:tii )?falcon[ -](?:\d+b |mamba-7b-|llm |llm-|\d+ )?(?:tii )?{_L}|tii falcon.{{0,20}}{_L}"),
    ("LicenseRef-BigCode-OpenRAIL-M", r"bigcode[ -]open[ -]?rail(?:-m)?|bigcode model licen[cs]e"),
    ("LicenseRef-BigScience-OpenRAIL-M", r"bigscience[ -]open[ -]?rail(?:-m)?"),
    ("LicenseRef-BigScience-BLOOM-RAIL-1.0",
     rf"bigscience[ -](?:bloom[ -])?rail(?: {_L})?(?:[ -]?v?1\.0)?|bloom[ -]rail(?:[ -]1\.0)?|(?<!open)\brail {_L} v1\.0"),
    ("LicenseRef-OpenRAIL++-M", r"(?:creativeml )?open ?rail ?\+\+(?:[ -]?m\b)?"),
    ("LicenseRef-CreativeML-OpenRAIL-M", r"creative ?ml[ -](?:open[ -]?)?rail(?:[ -]?m\b)?|stable[ -]diffusion[ -]licen[cs]e"),
    ("LicenseRef-FAIPL-1.0-SD", rf"faipl-1\.0-sd|fair ai public {_L} 1\.0-sd"),
    ("LicenseRef-OpenRAIL", r"open[ -]?rail(?:[ -]?m\b)?"),
    ("LicenseRef-Stability-NC-Research", rf"stability ?ai (?:non-?commercial|nc)[ -]research[ -]community|stabilityai-nc-research-community"
     rf"|stability ai non-?commercial {_L}"),
    ("LicenseRef-Stability-Community", r"stability ?(?:ai)?[ -](?:ai[ -])?community|stable-audio-community"),
    ("LicenseRef-FLUX-Dev-NC", r"flux[. -]?1?[ -]?\[?dev\]?[ -](?:non-?commercial[ -])?licen[cs]e"),
    ("LicenseRef-Mistral-Research", rf"mistral(?: ai)? research {_L}|\bmrl(?:-0\.1)?\b"),
    ("LicenseRef-Mistral-Non-Production", rf"mistral(?: ai)? non-production {_L}|\bmnpl(?:-0\.1)?\b"),
    ("LicenseRef-Yi", rf"\byi[ -](?:series )?(?:models? )?(?:community )?{_L}"),
    ("LicenseRef-ChatGLM", rf"chatglm\d?(?:-6b)? (?:model )?{_L}|glm-(?:4|130b)(?:-9b)? {_L}"),
    ("LicenseRef-Baichuan", rf"baichuan ?\d?(?:-\d+b)?.{{0,20}}(?:{_L}|协议)|{_L} for baichuan"),
    ("LicenseRef-BAAI-Aquila", rf"aquila(?:chat)?.{{0,16}}{_L}"),
    ("LicenseRef-Databricks-Open-Model", rf"databricks[ -]open[ -]model[ -]{_L}"),
    ("LicenseRef-Jamba-Open-Model", rf"jamba[ -]open[ -]model[ -]{_L}"),
    ("LicenseRef-NVIDIA-Open-Model", rf"nvidia[ -]open[ -]models?[ -]{_L}"),
    ("LicenseRef-NVIDIA-NC", rf"nvidia source code {_L}"),
    ("LicenseRef-CodeFuse", rf"codefuse.{{0,12}}{_L}"),
    ("LicenseRef-Coqui-Public-Model-License", rf"coqui[ -]public[ -]model[ -]{_L}|\bcpml\b"),
    ("LicenseRef-DeepFloyd-IF", rf"deepfloyd[ -]if[ -]{_L}"),
    ("LicenseRef-Apple-AMLR", r"apple-amlr|apple machine learning research model"),
    ("LicenseRef-Apple-ASCL", rf"apple[ -]sample[ -]code[ -]{_L}|apple-ascl"),
    ("LicenseRef-FAIR-NC-Research", rf"fair[ -]non-?commercial[ -]research[ -]{_L}"),
    ("LicenseRef-OPT-175B", rf"opt-175b {_L}"),
    ("LicenseRef-Hunyuan", rf"hunyuan.{{0,20}}{_L}|tencent-hunyuan-community"),
    ("LicenseRef-EXAONE-NC", r"\bexaone\b"),
    ("LicenseRef-MiniCPM", rf"minicpm model {_L}|general model {_L}"),
    ("LicenseRef-AI2-ImpACT", rf"ai2 impact {_L}|impact {_L}"),
    ("LicenseRef-TAIDE", rf"taide.{{0,12}}{_L}"),
    ("LicenseRef-Intel-Research", rf"intel[ -]research[ -]use[ -]{_L}"),
    ("LicenseRef-HAI-DEF", r"health ai developer foundations|health-ai-developer-foundations"),
    ("LicenseRef-OpenMDW-1.0", r"openmdw"),
    ("CC-BY-NC-ND-4.0", rf"(?:{_cc('by-nc-nd', 'attribution-noncommercial-noderiv(?:ative)?s')}|attribution-noncommercial-noderivatives){_V}(?:4\.0|4\b|international)"),
    ("CC-BY-NC-ND-3.0", rf"{_cc('by-nc-nd', 'attribution-noncommercial-noderivs')}{_V}3\.0"),
    ("CC-BY-NC-SA-3.0", rf"(?:{_cc('by-nc-sa', 'attribution-noncommercial-sharealike')}|attribution-noncommercial-sharealike){_V}3\.0"),
    ("CC-BY-NC-SA-4.0", rf"(?:by-cc-nc-sa|{_cc('by-nc-sa', 'attribution-noncommercial-share-?alike')}|attribution-non-?commercial-share-?alike){_V}(?:4\.0|4\b|international)"),
    ("CC-BY-NC-3.0", rf"{_cc('by-nc', 'attribution-noncommercial')}{_V}3\.0"),
    ("CC-BY-NC-2.0", rf"{_cc('by-nc', 'attribution-noncommercial')}{_V}2\.0"),
    ("CC-BY-NC-4.0", rf"(?:{_cc('by-nc', 'attribution-noncommercial')}|attribution-non-?commercial){_V}(?:4\.0|4\b|international)"),
    ("CC-BY-ND-4.0", rf"{_cc('by-nd', 'attribution-noderiv(?:ative)?s')}{_V}(?:4\.0|4\b|international)"),
    ("CC-BY-SA-3.0", rf"(?:{_cc('by-sa', 'attribution-share-?alike')}|attribution-sharealike){_V}3\.0"),
    ("CC-BY-SA-4.0", rf"(?:{_cc('by-sa', 'attribution-share-?alike')}|attribution-sharealike){_V}(?:4\.0|4\b|international)"),
    ("CC-BY-NC-ND-4.0", _cc("by-nc-nd", "attribution-noncommercial-noderivatives")),
    ("CC-BY-NC-SA-4.0", _cc("by-nc-sa", "attribution-noncommercial-sharealike")),
    ("CC-BY-NC-4.0", _cc("by-nc", "attribution-noncommercial")),
    ("CC-BY-ND-4.0", _cc("by-nd", "attribution-noderivatives")),
    ("CC-BY-SA-4.0", _cc("by-sa", "attribution-sharealike")),
    ("CC-BY-3.0", rf"{_cc('by', 'attribution')}{_V}3\.0"),
    ("CC-BY-2.0", rf"{_cc('by', 'attribution')}{_V}2\.0"),
    ("CC-BY-4.0", rf"{_cc('by', 'attribution')}\b(?![-: ]{{1,3}}(?:nc|nd|sa|non|share|noderiv))"),
    ("CC0-1.0", r"\bcc-?0(?:[ -]?1\.0)?\b|creative commons zero"),
    ("LicenseRef-CC", rf"creative commons (?:{_L})?"),
    ("AGPL-3.0-only", rf"\b(?:gnu )?a(?:ffero )?gpl(?:[ -]?{_L})?{_V}3(?:\.0)?|affero general public {_L}|\bagpl\b"),
    ("LGPLLR", r"\blgpl-?lr\b"),
    ("LGPL-2.1-only", rf"\blgpl{_V}2\.1|lesser general public {_L}{_V}2\.1"),
    ("LGPL-3.0-only", rf"\blgpl{_V}3(?:\.0)?|lesser general public {_L}{_V}3(?:\.0)?"),
    ("LicenseRef-LGPL", rf"\blgpl\b|lesser general public {_L}"),
    ("GPL-2.0-only", rf"\b(?:gnu )?gpl{_V}2(?:\.0)?|general public {_L}{_V}2(?:\.0)?"),
    ("GPL-3.0-only", rf"\b(?:gnu )?gpl{_V}3(?:\.0)?|general public {_L}{_V}3(?:\.0)?"),
    ("LicenseRef-GPL", rf"\bgpl\b|gnu general public {_L}"),
    ("Apache-2.0", rf"apache(?: software)?(?:[ -]{_L})?{_V}2(?:\.0)?|apache[ -](?:software[ -])?{_L}|\basl2\.0|\bapache2\b"),
    ("MIT-0", r"\bmit-0\b|mit no attribution"),
    ("BSD-3-Clause", r"\bbsd[ -](?:3|three)[ -]?clause|\b3-clause bsd|new bsd|modified bsd|\bbsd-3\b"),
    ("BSD-2-Clause", r"\bbsd[ -](?:2|two)[ -]?clause|\b2-clause bsd|simplified bsd"),
    ("LicenseRef-BSD", rf"\bbsd(?:[ -]{_L}|\b)"),
    ("AFL-3.0", rf"academic free {_L}|\bafl[ -]3\.0"),
    ("MPL-2.0", rf"mozilla public {_L}|\bmpl{_V}2\.0"),
    ("EUPL-1.2", rf"european union public {_L}|\beupl\b"),
    ("ISC", rf"\bisc {_L}"),
    ("WTFPL", r"\bwtfpl\b"),
    ("Unlicense", r"\bthe unlicense\b"),
    ("BSL-1.0", rf"boost software {_L}"),
    ("OFL-1.1", rf"open font {_L}"),
    ("ODC-By-1.0", r"odc[ -]by|open data commons attribution"),
    ("ODbL-1.0", rf"\bodbl\b|open database {_L}"),
    ("CDLA-Permissive-2.0", r"cdla[ -]permissive[ -]2\.0"),
    ("PolyForm-Noncommercial-1.0.0", r"polyform[ -]non-?commercial"),
    ("LicenseRef-Intel-Research", rf"intel research use {_L}"),
    ("MIT", rf"\bmit\b(?:[ -]{_L})?"),
    ("LicenseRef-NonCommercial", rf"non-?commercial (?:research |community |use )?{_L}"),
))  # fmt: skip

#: Words that mean a licence only where a licence is expected: the value of a field, a line under a heading.
BARE = _compiled((
    ("LicenseRef-Llama-4", r"\bllama[ -]?4\b"),
    ("LicenseRef-Llama-3.3", r"\bllama[ -]?3[._]3\b"),
    ("LicenseRef-Llama-3.2", r"\bllama[ -]?3[._]2\b"),
    ("LicenseRef-Llama-3.1", r"\bllama[ -]?3[._]1\b"),
    ("LicenseRef-Llama-3", r"\bllama[ -]?3\b|\bllama[ -]?iii\b"),
    ("LicenseRef-Llama-2", r"\bllama[ -]?(?:v)?2\b"),
    ("LicenseRef-Llama-1", r"^llama[- ]?(?:1|license)?$"),
    ("LicenseRef-Gemma", r"\bgemma\b"),
    ("LicenseRef-Qwen", r"\bqwen(?!\w*-research)"),
    ("LicenseRef-DeepSeek", r"\bdeepseek\b"),
    ("LicenseRef-Falcon-LLM", r"\bfalcon\b"),
    ("LicenseRef-Yi", r"^yi\b"),
    ("Apache-2.0", r"\bapache\b"),
    ("LicenseRef-NonCommercial", r"non-?com+ercial|research[ -]only|(?:for )?research (?:use|purposes?) only"),
))  # fmt: skip

#: Where a licence stands on the web: (licence, pattern over the address without scheme, confidence).
_LINKS = (
    (r"(?:www\.)?apache\.org/licenses/license-2\.0", "Apache-2.0", 0.95),
    (r"(?:llama\.meta|www\.llama|llama)\.com/llama-?4", "LicenseRef-Llama-4", 0.9),
    (r"(?:llama\.meta|www\.llama|llama)\.com/llama-?3[._]3|.*llama-models/.*llama3_3/", "LicenseRef-Llama-3.3", 0.9),
    (r"(?:llama\.meta|www\.llama|llama)\.com/llama-?3[._]2|.*llama-models/.*llama3_2/", "LicenseRef-Llama-3.2", 0.9),
    (r"(?:llama\.meta|www\.llama|llama)\.com/llama-?3[._]1|.*llama-models/.*llama3_1/", "LicenseRef-Llama-3.1", 0.9),
    (r"(?:llama\.meta|www\.llama|llama)\.com/llama-?3(?![._]?\d)|.*llama-models/.*llama3/|ai\.meta\.com/llama3/license",
     "LicenseRef-Llama-3", 0.9),
    (r"ai\.meta\.com/(?:llama/license|resources/models-and-libraries/llama(?:-downloads)?)", "LicenseRef-Llama-2", 0.85),
    (r"llama\.meta\.com/llama2", "LicenseRef-Llama-2", 0.9),
    (r"github\.com/(?:facebookresearch|meta-llama)/llama/blob/llama_v1/", "LicenseRef-Llama-1", 0.9),
    (r"github\.com/(?:facebookresearch|meta-llama)/llama/blob/main/(?:license|use_policy|model_card)", "LicenseRef-Llama-2", 0.8),
    (r"(?:huggingface\.co|hf\.co)/(?:nousresearch|meta-llama|thebloke)/llama-2[^/]{0,40}/blob/main/license", "LicenseRef-Llama-2", 0.9),
    (r"(?:huggingface\.co|hf\.co)/meta-llama/meta-llama-3-[^/]{0,40}/blob/main/license", "LicenseRef-Llama-3", 0.9),
    (r"(?:huggingface\.co|hf\.co)/meta-llama/(?:meta-)?llama-3\.1[^/]{0,40}/blob/main/license", "LicenseRef-Llama-3.1", 0.9),
    (r"(?:huggingface\.co|hf\.co)/meta-llama/llama-3\.2[^/]{0,40}/blob/main/license", "LicenseRef-Llama-3.2", 0.9),
    (r"ai\.google\.dev/gemma/terms|(?:www\.)?kaggle\.com/models/google/gemma/license", "LicenseRef-Gemma", 0.95),
    (r"(?:huggingface\.co|hf\.co)/spaces/compvis/stable-diffusion-license", "LicenseRef-CreativeML-OpenRAIL-M", 0.95),
    (r"(?:huggingface\.co|hf\.co)/spaces/bigscience/license", "LicenseRef-BigScience-BLOOM-RAIL-1.0", 0.9),
    (r"(?:huggingface\.co|hf\.co)/spaces/bigcode/bigcode-model-license", "LicenseRef-BigCode-OpenRAIL-M", 0.95),
    (r"(?:huggingface\.co|hf\.co)/stabilityai/stable-diffusion-(?:xl-(?:base|refiner)-1\.0|2)[^/]{0,20}/blob/main/license",
     "LicenseRef-OpenRAIL++-M", 0.95),
    (r"(?:huggingface\.co|hf\.co)/stabilityai/sdxl-turbo/blob/main/license", "LicenseRef-Stability-NC-Research", 0.85),
    (r"stability\.ai/(?:community-license|license)", "LicenseRef-Stability-Community", 0.8),
    (r"(?:huggingface\.co|hf\.co)/black-forest-labs/flux\.1-dev/blob/main/license", "LicenseRef-FLUX-Dev-NC", 0.95),
    (r"github\.com/qwenlm/[^/]{1,40}/blob/main/tongyi qianwen license", "LicenseRef-Qwen", 0.95),
    (r"(?:huggingface\.co|hf\.co)/qwen/qwen(?:1\.5|2|2\.5)-(?:72b|57b|110b)[^/]{0,30}/blob/main/license", "LicenseRef-Qwen", 0.85),
    (r"(?:github\.com|huggingface\.co)/deepseek-ai/[^/]{1,60}/blob/(?:main|head)/license-model", "LicenseRef-DeepSeek", 0.95),
    (r"(?:huggingface\.co|hf\.co)/(?:01-ai|nousresearch)/yi-[^/]{1,40}/blob/main/license", "LicenseRef-Yi", 0.8),
    (r"github\.com/01-ai/yi/blob/main/model_license", "LicenseRef-Yi", 0.9),
    (r"freedevproject\.org/faipl-1\.0-sd", "LicenseRef-FAIPL-1.0-SD", 0.95),
    (r"(?:huggingface\.co|hf\.co)/tiiuae/falcon-180b[^/]{0,20}/blob/main/|falconllm\.tii\.ae/falcon-", "LicenseRef-Falcon-LLM", 0.9),
    (r"coqui\.ai/cpml", "LicenseRef-Coqui-Public-Model-License", 0.95),
    (r"mistral\.ai/licenses/mrl", "LicenseRef-Mistral-Research", 0.95),
    (r"mistral\.ai/licenses/mnpl", "LicenseRef-Mistral-Non-Production", 0.95),
    (r".*nvidia[-_]open[-_]model[-_]license", "LicenseRef-NVIDIA-Open-Model", 0.95),
    (r"(?:www\.)?databricks\.com/legal/open-model-license", "LicenseRef-Databricks-Open-Model", 0.95),
    (r"(?:www\.)?ai21\.com/(?:licenses/)?jamba-open-model-license", "LicenseRef-Jamba-Open-Model", 0.95),
    (r"github\.com/thudm/chatglm[^/]{0,12}/blob/main/model_license", "LicenseRef-ChatGLM", 0.95),
    (r"developers\.google\.com/health-ai-developer-foundations/terms", "LicenseRef-HAI-DEF", 0.95),
    (r"(?:www\.)?gnu\.org/licenses/agpl", "AGPL-3.0-only", 0.9),
    (r"(?:www\.)?gnu\.org/licenses/(?:old-licenses/)?lgpl-2\.1", "LGPL-2.1-only", 0.9),
    (r"(?:www\.)?gnu\.org/licenses/lgpl", "LGPL-3.0-only", 0.9),
    (r"(?:www\.)?gnu\.org/licenses/(?:old-licenses/)?gpl-2\.0", "GPL-2.0-only", 0.9),
    (r"(?:www\.)?gnu\.org/licenses/(?:gpl|quick-guide)", "GPL-3.0-only", 0.85),
    (r"creativecommons\.org/publicdomain/zero", "CC0-1.0", 0.95),
)  # fmt: skip
_CC = re.compile(r"creativecommons\.org/licen[cs]es/(by(?:-nc)?(?:-sa|-nd)?)/(\d\.\d)")
_LISTED = re.compile(
    r"(?:opensource\.org/licen[cs]es?|choosealicense\.com/licenses|spdx\.org/licenses)/([a-z0-9.+-]{2,40}?)(?:\.html|/|\.php|$)"
)
_BADGE = re.compile(r"img\.shields\.io/(?:static/v1\?[^\s)]{0,120}?)?badge/([^\s)\"'?]{3,120})")


@cache
def _links() -> tuple[tuple[re.Pattern[str], str, float], ...]:
    return tuple((re.compile(pattern), licence, confidence) for pattern, licence, confidence in _LINKS)


def _unquoted(text: str) -> str:
    """An address without its percent signs, as far as they stand for ASCII."""
    return re.sub(r"%([2-7][0-9a-fA-F])", lambda match: chr(int(match[1], 16)), text)


def plain(text: str) -> str:
    """Text as the patterns want it."""
    text = unicodedata.normalize("NFKC", text[:4000]).lower()
    text = re.sub(r"[\u2010-\u2015]", "-", re.sub(r"[*`_\"'“”‘’]", lambda m: " " if m[0] != "_" else "_", text))
    return re.sub(r"\s+", " ", text).strip()


def named(text: str, *, bare: bool = False) -> Iterator[tuple[int, int, str]]:
    """(start, end, licence) of the licences that a plain text names; with ``bare`` also by words like ``llama2``."""
    taken: list[tuple[int, int]] = []
    for licence, pattern in (*NAMES, *BARE) if bare else NAMES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if start < end and not any(start < other_end and other_start < end for other_start, other_end in taken):
                taken.append((start, end))
                yield start, end, licence


def of_name(name: str) -> tuple[str | None, float]:
    """The licence that a ``license_name`` means, and how surely: a name that nobody knows is one of its own."""
    text = plain(name)[:200]
    if not text:
        return None, 0.0
    known = understand(text)
    if known[3] != "none":
        return known[0], 0.95
    found = sorted(named(text.replace("_", "-"), bare=True), key=lambda hit: (hit[0], -hit[1]))
    licences = list(dict.fromkeys(licence for _, _, licence in found))
    specific = [one for one in licences if one != "LicenseRef-NonCommercial"]
    if specific:
        return specific[0], 0.9 if len(specific) == 1 else 0.6
    return (licences[0], 0.7) if licences else (known[0], 0.5)


def of_link(link: str) -> tuple[str | None, float]:
    """The licence at an address, and how surely; None for addresses that do not say, such as ``LICENSE``."""
    address = _unquoted(link[:_LONGEST]).strip().lower()
    address = re.sub(r"^(?:https?:)?//", "", address).replace("/raw/", "/blob/").replace("/resolve/", "/blob/")
    creative = _CC.search(address)
    if creative:
        return f"CC-{creative[1].upper()}-{creative[2]}", 0.95
    listed = _LISTED.search(address)
    if listed:
        known = understand(listed[1])
        return (known[0], 0.95) if known[3] != "none" else (None, 0.0)
    for pattern, licence, confidence in _links():
        if pattern.match(address):
            return licence, confidence
    return None, 0.0


def of_badge(text: str) -> Iterator[tuple[str, str]]:
    """(badge, licence) of the badges of shields.io in a text that state one."""
    for match in _BADGE.finditer(text):
        words = plain(_unquoted(match[1]).replace("--", "\0").replace("-", " ").replace("_", " ").replace("\0", "-"))
        if "licen" in words:
            for _, _, licence in list(named(words, bare=True))[:1]:
                yield match[0][:300], licence
