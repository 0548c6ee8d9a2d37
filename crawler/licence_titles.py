"""Licences by their title lines and by what sets their texts apart.

``TITLES`` are patterns over a text's first characters in lower case, white space folded, the most specific first;
the first that fits wins. ``CLAUSES`` are words that the text of such a licence has further down: a title with none of
them is a text about the licence rather than the licence. ``POLICIES`` are titles of use policies of a licence.
``NAMES`` say which licence short texts mean that only name one.

Titles and numbers are facts; no licence text is kept here.
"""

from __future__ import annotations

import re

_L = "licen[cs]e"
_C = f"community {_L}"


def _compiled(rows: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((licence, re.compile(pattern)) for licence, pattern in rows)


TITLES = _compiled((
    # Licences made for models.
    ("LicenseRef-Llama-4", rf"llama 4 {_C}"),
    ("LicenseRef-Llama-3.3", rf"llama 3\.3 {_C}"),
    ("LicenseRef-Llama-3.2", rf"llama 3\.2 {_C}"),
    ("LicenseRef-Llama-3.1", rf"llama 3\.1 {_C}"),
    ("LicenseRef-Llama-3", rf"llama 3 {_C}"),
    ("LicenseRef-Llama-2", rf"llama ?2 {_C}"),
    ("LicenseRef-Llama-1", rf"(?<!code )llama {_L} agreement"),
    ("LicenseRef-Gemma", r"gemma terms of use"),
    ("LicenseRef-Qwen-Research", rf"(?:tongyi qianwen|qwen) research {_L}"),
    ("LicenseRef-Qwen", rf"(?:tongyi qianwen|qwen)\d?(?:\.\d)? {_L} agreement"),
    ("LicenseRef-DeepSeek", rf"deepseek {_L}(?: agreement)?"),
    ("LicenseRef-Falcon-LLM", rf"falcon.{{0,20}} tii {_L}|tii falcon.{{0,12}} {_L}|falcon[- ]llm {_L}"),
    ("LicenseRef-BigCode-OpenRAIL-M", r"bigcode open ?rail-m"),
    ("LicenseRef-BigScience-OpenRAIL-M", r"bigscience open ?rail-m"),
    ("LicenseRef-BigScience-BLOOM-RAIL-1.0",
     rf"bigscience (?:bloom )?rail (?:{_L} )?v?1\.0|bigscience rail {_L}|bloom rail"),
    ("LicenseRef-OpenRAIL++-M", r"open ?rail ?\+\+-? ?m"),
    ("LicenseRef-CreativeML-OpenRAIL-M", r"creativeml open ?rail[- ]?m"),
    ("LicenseRef-FAIPL-1.0-SD", rf"fair ai public {_L} 1\.0-sd"),
    ("LicenseRef-OpenRAIL", r"open ?rail-?[mda]?\b"),
    ("LicenseRef-Stability-NC-Research",
     rf"stability ?ai non-?commercial research {_C}|stablelm.{{0,40}}non-?commercial"),
    ("LicenseRef-Stability-Community", rf"stability ?ai {_C}"),
    ("LicenseRef-SDXL-0.9-Research", rf"sdxl 0\.9 research {_L}"),
    ("LicenseRef-FLUX-Dev-NC", rf"flux[. ]?1? ?\[?[\w ]{{0,10}}\]? non-?commercial {_L}"),
    ("LicenseRef-Mistral-Research", rf"mistral ai research {_L}"),
    ("LicenseRef-Mistral-Non-Production", rf"mistral ai non-production {_L}"),
    ("LicenseRef-Yi", rf"yi series models? (?:community )?{_L}"),
    ("LicenseRef-ChatGLM",
     rf"(?:chatglm\d?-6b|glm-130b|glm-4(?:-9b)?|codegeex\d?|cogvlm\d?|visualglm-6b|cogvideox) {_L}"),
    ("LicenseRef-Baichuan", rf"{_C}(?: agreement)? for baichuan|baichuan ?\d?(?:-\d+b)? ?(?:模型|{_L})"),
    ("LicenseRef-BAAI-Aquila", rf"(?:baai )?aquila(?:chat)? ?(?:series )?model {_L}"),
    ("LicenseRef-Databricks-Open-Model", rf"databricks open model {_L}"),
    ("LicenseRef-Jamba-Open-Model", rf"jamba open model {_L}"),
    ("LicenseRef-NVIDIA-Open-Model", rf"nvidia open models? {_L}"),
    ("LicenseRef-NVIDIA-NC", rf"nvidia source code {_L}|nvidia.{{0,40}}non-?commercial {_L}"),
    ("LicenseRef-CodeFuse", rf"codefuse {_C}"),
    ("LicenseRef-Grok-2", rf"grok 2 {_C}"),
    ("LicenseRef-Coqui-Public-Model-License", rf"coqui public model {_L}"),
    ("LicenseRef-DeepFloyd-IF", rf"deepfloyd if {_L}"),
    ("LicenseRef-Apple-AMLR", rf"apple machine learning research model {_L}"),
    ("LicenseRef-Apple-ASCL", rf"apple sample code {_L}"),
    ("LicenseRef-FAIR-NC-Research", rf"fair non-?commercial research {_L}"),
    ("LicenseRef-OPT-175B", rf"opt-175b {_L}"),
    ("LicenseRef-Seamless", rf"seamless licensing agreement|seamless {_L} agreement"),
    ("LicenseRef-SAM", rf"\bsam {_L}"),
    ("LicenseRef-DINOv3", rf"dinov3 {_L}"),
    ("LicenseRef-Hunyuan", rf"tencent hunyuan.{{0,40}}{_L}|hunyuan.{{0,20}}{_C}"),
    ("LicenseRef-EXAONE-NC", rf"exaone ai model {_L} agreement.{{0,12}}-? ?nc"),
    ("LicenseRef-MiniCPM", rf"minicpm model {_L}|general model {_L} agreement"),
    ("LicenseRef-Skywork", rf"skywork.{{0,12}} {_C}"),
    ("LicenseRef-XVERSE", rf"xverse.{{0,10}} model {_L}"),
    ("LicenseRef-InternLM", rf"internlm.{{0,20}} {_L}"),
    ("LicenseRef-AI2-ImpACT", rf"ai2 impact {_L}"),
    ("LicenseRef-Playground-v2.5", rf"playground v2\.5 {_C}"),
    ("LicenseRef-TAIDE", rf"taide.{{0,20}}{_L}"),
    ("LicenseRef-CodeLlama", rf"code llama {_L}"),
    ("LicenseRef-MSR", rf"microsoft research {_L} (?:terms|agreement)"),
    ("LicenseRef-H-Research", rf"\bh research {_L}"),
    ("LicenseRef-Intel-Research", rf"intel research use {_L}"),
    ("LicenseRef-OpenMDW-1.1", rf"openmdw {_L} agreement,? (?:version|v\.?) ?1\.1"),
    ("LicenseRef-OpenMDW-1.0", rf"openmdw {_L} agreement"),
    # Licences of works and software.
    ("CC-BY-NC-ND-4.0", r"attribution-noncommercial-noderiv(?:ative)?s(?: works)? 4\.0|\bcc[- ]by-nc-nd[- ]4\.0"),
    ("CC-BY-NC-SA-4.0", r"attribution-noncommercial-sharealike 4\.0|\bcc[- ]by-nc-sa[- ]4\.0"),
    ("CC-BY-NC-SA-3.0", r"attribution-noncommercial-sharealike 3\.0|\bcc[- ]by-nc-sa[- ]3\.0"),
    ("CC-BY-NC-4.0", r"attribution-noncommercial 4\.0|\bcc[- ]by-nc[- ]4\.0"),
    ("CC-BY-NC-3.0", r"attribution-noncommercial 3\.0|\bcc[- ]by-nc[- ]3\.0"),
    ("CC-BY-ND-4.0", r"attribution-noderiv(?:ative)?s 4\.0|\bcc[- ]by-nd[- ]4\.0"),
    ("CC-BY-SA-4.0", r"attribution-sharealike 4\.0|\bcc[- ]by-sa[- ]4\.0"),
    ("CC-BY-SA-3.0", r"attribution-sharealike 3\.0|\bcc[- ]by-sa[- ]3\.0"),
    ("CC-BY-4.0", r"attribution 4\.0|\bcc[- ]by[- ]4\.0"),
    ("CC-BY-3.0", r"attribution 3\.0|\bcc[- ]by[- ]3\.0"),
    ("CC0-1.0", r"\bcc0 1\.0|creative commons legal code cc0"),
    ("AGPL-3.0-only", rf"gnu affero general public {_L}.{{0,12}}version 3"),
    ("LGPL-3.0-only", rf"gnu lesser general public {_L}.{{0,12}}version 3"),
    ("LGPL-2.1-only", rf"gnu lesser general public {_L}.{{0,12}}version 2\.1"),
    ("GPL-3.0-only", rf"gnu general public {_L}.{{0,12}}version 3"),
    ("GPL-2.0-only", rf"gnu general public {_L}.{{0,12}}version 2"),
    ("Apache-2.0", rf"apache {_L}.{{0,12}}version 2\.0"),
    ("MPL-2.0", rf"mozilla public {_L}.{{0,12}}(?:version )?2\.0"),
    ("EUPL-1.2", rf"european union public {_L}.{{0,12}}1\.2"),
    ("PolyForm-Noncommercial-1.0.0", rf"polyform noncommercial {_L}"),
    ("SSPL-1.0", rf"server side public {_L}"),
    ("BUSL-1.1", rf"business source {_L} 1\.1"),
    ("Elastic-2.0", rf"elastic {_L} 2\.0"),
    ("ODbL-1.0", rf"open database {_L}"),
    ("ODC-By-1.0", rf"open data commons attribution {_L}"),
    ("CDLA-Permissive-2.0", r"community data license agreement.{0,6}permissive.{0,12}2\.0"),
    ("MulanPSL-2.0", rf"mulan permissive software {_L}.{{0,6}}(?:version |v)2"),
    ("CECILL-2.1", rf"cecill free software {_L} agreement.{{0,40}}2\.1"),
    ("BSD-3-Clause", r"\A\W{0,8}(?:the )?bsd[- ]3[- ]clause"),
    ("BSD-2-Clause", r"\A\W{0,8}(?:the )?bsd[- ]2[- ]clause"),
    ("MIT", rf"\A\W{{0,8}}(?:the )?mit {_L}\b"),
))  # fmt: skip

#: Words of the text of a licence; those of the licences that are not listed are the last row's.
CLAUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("LicenseRef-Llama-1", ("non-commercial", "meta platforms", "research")),
    ("LicenseRef-Llama", ("700 million monthly active users", "version release date", "acceptable use policy")),
    ("LicenseRef-Gemma", ("model derivatives", "prohibited use", "google")),
    ("LicenseRef-Qwen", ("100 million monthly active users", "alibaba cloud", "materials")),
    ("OpenRAIL", ("use-based restrictions", "attachment a", "derivatives of the model")),
    ("RAIL", ("use-based restrictions", "attachment a", "derivatives of the model")),
    ("CC-", ("licensed rights", "adapted material", "public license", "exclusive")),
    ("GPL-", ("corresponding source", "free software foundation", "conveying", "copyleft", "distribute")),
    ("Apache-2.0", ("derivative works", "contributor", "licensed under")),
    ("BSD-", ("redistributions", "provided by the copyright holders")),
    ("MIT", ("permission is hereby granted", "without restriction")),
    ("", ("grant", "agreement", "derivative", "distribute", "warrant", "liabil", "permission", "restrictions")),
)

POLICIES = _compiled((
    ("LicenseRef-Llama-4", r"llama 4 acceptable use"),
    ("LicenseRef-Llama-3.3", r"llama 3\.3 acceptable use"),
    ("LicenseRef-Llama-3.2", r"llama 3\.2 acceptable use"),
    ("LicenseRef-Llama-3.1", r"llama 3\.1 acceptable use"),
    ("LicenseRef-Llama-3", r"llama 3 acceptable use"),
    ("LicenseRef-Llama-2", r"llama ?2 acceptable use"),
    ("LicenseRef-Gemma", r"gemma prohibited use"),
))  # fmt: skip

#: What a file of a few lines means that names a licence and does not contain it.
NAMES = _compiled((
    ("LicenseRef-Llama-2", r"llama[- ]?2\b"),
    ("LicenseRef-Llama-3.1", r"llama[- ]?3\.1\b"),
    ("LicenseRef-Llama-3.2", r"llama[- ]?3\.2\b"),
    ("LicenseRef-Llama-3.3", r"llama[- ]?3\.3\b"),
    ("LicenseRef-Llama-3", r"llama[- ]?3\b"),
    ("LicenseRef-Llama-4", r"llama[- ]?4\b"),
    ("LicenseRef-Gemma", r"\bgemma\b"),
    ("LicenseRef-BigScience-BLOOM-RAIL-1.0", r"bigscience-bloom-rail-1\.0"),
    ("LicenseRef-BigCode-OpenRAIL-M", r"bigcode-openrail-m"),
    ("LicenseRef-BigScience-OpenRAIL-M", r"bigscience-openrail-m"),
    ("LicenseRef-CreativeML-OpenRAIL-M", r"creativeml[- ]open ?rail[- ]?m"),
    ("LicenseRef-OpenRAIL++-M", r"open ?rail\+\+"),
    ("LicenseRef-OpenRAIL", r"open ?rail"),
    ("CC-BY-NC-ND-4.0", r"cc[- ]by-nc-nd(?:[- ]4\.0|-int|\b)"),
    ("CC-BY-NC-SA-4.0", r"cc[- ]by-nc-sa(?:[- ]4\.0|-int|\b)"),
    ("CC-BY-NC-4.0", r"cc[- ]by-nc(?:[- ]4\.0|-int|\b)"),
    ("CC-BY-ND-4.0", r"cc[- ]by-nd(?:[- ]4\.0|-int|\b)"),
    ("CC-BY-SA-4.0", r"cc[- ]by-sa(?:[- ]4\.0|-int|\b)"),
    ("CC-BY-4.0", r"cc[- ]by(?:[- ]4\.0|-int|\b)"),
    ("CC0-1.0", r"\bcc0\b"),
    ("AGPL-3.0-only", r"\bagpl[- ]?(?:v?3)"),
    ("LGPL-3.0-only", r"\blgpl[- ]?(?:v?3)"),
    ("GPL-3.0-only", rf"\bgpl[- ]?(?:v?3)|gnu general public {_L},? v(?:ersion )?3"),
    ("GPL-2.0-only", rf"\bgpl[- ]?(?:v?2)|gnu general public {_L},? v(?:ersion )?2"),
    ("AFL-3.0", r"\bafl-3\.0"),
    ("BSD-3-Clause", r"\bbsd[- ]3[- ]clause"),
    ("BSD-2-Clause", r"\bbsd[- ]2[- ]clause"),
    ("Apache-2.0", rf"\bapache(?:[- ]|[- ]?{_L},? ?)(?:version |v)?2(?:\.0)?|\bapache-2\.0|\bapache 2"),
    ("LicenseRef-NonCommercial", rf"non-?commercial[\w, -]{{0,40}} {_L}"),
    ("MIT", rf"\bmit\b(?: {_L})?"),
))  # fmt: skip
