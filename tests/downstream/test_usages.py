"""`hubcensus usages`: folders, names followed from file to file, files that are no Python, hostile input."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from doors import hubcensus
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.downstream import miner, signatures, texts
from crawler.downstream.tree import usages


def tree(folder: Path, **files: str) -> Path:
    """A folder of files; ``__`` in a name stands for a slash, ``_dot_`` for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def ids(folder: Path) -> dict[str, str]:
    """The models that a folder uses, with how each was found."""
    return {usage["model_id"]: usage["how"] for usage in usages(folder)}


def test_every_usage_is_a_line_with_the_promised_fields(tmp_path, capfd):
    from hubcensus.cli import run

    tree(
        tmp_path,
        app_dot_py="import transformers\nm = transformers.AutoModel.from_pretrained('lab/net', revision='abc')\n",
    )
    assert run(["usages", str(tmp_path)]) == 0
    (line,) = capfd.readouterr().out.splitlines()
    usage = json.loads(line)
    wanted = {"path": "app.py", "line": 2, "library": "transformers", "api": "AutoModel.from_pretrained"}
    assert wanted.items() <= usage.items()
    assert (usage["model_id"], usage["revision"], usage["how"]) == ("lab/net", "abc", "literal")
    assert 0.9 < usage["confidence"] <= 1


def test_names_are_followed_from_file_to_file(tmp_path):
    tree(
        tmp_path,
        pkg____init___dot_py="",
        pkg__config_dot_py=(
            "BASE = 'lab/base'\nMODELS = {'small': 'lab/small', 'large': 'lab/large'}\n"
            "class Settings:\n    encoder: str = 'lab/encoder'\nsettings = Settings()\n"
        ),
        pkg__loading_dot_py=(
            "from transformers import AutoModel\n"
            "def load(name, revision=None):\n    return AutoModel.from_pretrained(name, revision=revision)\n"
        ),
        pkg__inner_dot_py=(
            "from .config import BASE\nfrom transformers import AutoModel\nAutoModel.from_pretrained(BASE)\n"
        ),
        main_dot_py=(
            "from transformers import AutoModel\nfrom pkg.config import BASE, MODELS, settings\n"
            "from pkg import config\n"
            "from pkg.loading import load\n"
            "AutoModel.from_pretrained(BASE)\nload('lab/wrapped', revision='v1')\n"
            "for m in MODELS.values():\n    AutoModel.from_pretrained(m)\n"
            "AutoModel.from_pretrained(settings.encoder)\nAutoModel.from_pretrained(config.MODELS['small'])\n"
        ),
    )
    found = [(u["path"], u["line"], u["model_id"]) for u in usages(tmp_path)]
    assert {("main.py", 5, "lab/base"), ("main.py", 6, "lab/wrapped"), ("main.py", 9, "lab/encoder")} <= set(found)
    assert {("main.py", 8, "lab/small"), ("main.py", 8, "lab/large"), ("main.py", 10, "lab/small")} <= set(found)
    assert ("pkg/inner.py", 3, "lab/base") in found
    wrapped = next(u for u in usages(tmp_path) if u["model_id"] == "lab/wrapped")
    assert (wrapped["how"], wrapped["revision"]) == ("handed_over", "v1")


def test_what_another_file_writes_is_a_usage_of_that_file(tmp_path):
    tree(
        tmp_path,
        loading_dot_py=(
            "from transformers import AutoModel\nOTHER = 'lab/constant'\n"
            "def load(size='lab/default'):\n    AutoModel.from_pretrained(OTHER)\n"
            "    AutoModel.from_pretrained('lab/literal')\n    return AutoModel.from_pretrained(size)\n"
        ),
        main_dot_py="from loading import load\nfrom transformers import AutoModel\nload()\nload('lab/mine')\n",
    )
    found = {(usage["path"], usage["model_id"]) for usage in usages(tmp_path)}
    assert found == {("main.py", "lab/mine")} | {
        ("loading.py", f"lab/{name}") for name in ("constant", "default", "literal")
    }


def test_files_that_import_each_other_in_a_circle_end(tmp_path):
    tree(
        tmp_path,
        a_dot_py="from b import NAME\nfrom transformers import AutoModel\nAutoModel.from_pretrained(NAME)\n",
        b_dot_py="from a import AutoModel\nNAME = 'lab/net'\n",
    )
    assert ids(tmp_path) == {"lab/net": "other_file"}


def test_files_that_are_no_python(tmp_path):
    tree(
        tmp_path,
        deploy_dot_yaml="model_id: lab/served\nimage: registry/image\ndataset: lab/data\n"
        "train:\n  base_model: lab/base\n"
        "hub_model_id: lab/pushed\n",
        settings_dot_toml='[llm]\nmodel_name = "lab/toml"\noutput_dir = "lab/out"\n',
        config_dot_json='{"pretrained_model_name_or_path": "lab/json", "author": "some/one"}',
        Dockerfile="FROM some/image\nENV MODEL_ID=lab/docker\n"
        "RUN huggingface-cli download lab/fetched --local-dir /m\n",
        run_dot_sh="python t.py --model_name_or_path lab/shell --output_dir a/b\n# --model lab/commented\n"
        "ollama run llama3:8b\ngit clone https://huggingface.co/lab/cloned\n"
        "hf download lab/set --repo-type dataset\n",
        app_dot_ts='import { pipeline } from "@huggingface/transformers";\n'
        'const p = await pipeline("t", "lab/script");\n',
        other_dot_js='const p = await pipeline("t", "lab/unknown-library");\n',
        README_dot_md="`AutoModel.from_pretrained('lab/readme')`",
        data_dot_yaml="path: hf://lab/address/file.bin\nset: hf://datasets/lab/set\n",
    )
    assert ids(tmp_path) == {
        "lab/served": "yaml",
        "lab/base": "yaml",
        "lab/toml": "toml",
        "lab/json": "json",
        "lab/docker": "dockerfile",
        "lab/fetched": "dockerfile",
        "lab/shell": "shell",
        "llama3:8b": "shell",
        "lab/cloned": "shell",
        "lab/script": "javascript",
        "lab/address": "address",
    }


def test_settings_scripts_and_addresses_in_their_many_forms(tmp_path):
    tree(
        tmp_path,
        deploy_dot_yaml="model:\n  name: lab/below\n  path: here/there\n"
        "env:\n  - name: MODEL_ID\n    value: lab/env\n"
        "  - name: IMAGE\n    value: lab/image\nllm_backbone: lab/backbone\nwav2vec2_hub: lab/hub\n"
        "trained_model: training/best\nweights: https://huggingface.co/lab/weights/resolve/main/net.ckpt\n"
        "dataset_uri: hf://lab/set\nargs: ['--model', 'lab/started', '--port', '80']\n"
        "llm:\n  command: --model lab/composed --port 80\n",
        config_dot_json='{"_name_or_path": "lab/origin", "base_model": {"id": "lab/base"}}',
        results__run_results_dot_json='{"model": "lab/measured"}',
        run_dot_sh="pretrained_model=lab/lower\nTOKENIZER=${TOKENIZER:-lab/fallback}\nMODEL=lab/net-${SIZE}\n"
        "python e.py --encoder lab/encoder --vision_tower lab/tower\nmodel='Net-g/2'\n",
        app_dot_js='import { pipeline } from "@huggingface/transformers";\n'
        'const p = await pipeline(\n  "t",\n  "lab/script",\n);\nclass A { static model_id = "lab/static"; }\n'
        'const MODEL_ID = "lab/constant";\n// const other_model = "lab/comment";\n',
    )
    assert ids(tmp_path) == {
        "lab/below": "yaml",
        "lab/env": "yaml",
        "lab/backbone": "yaml",
        "lab/hub": "yaml",
        "lab/weights": "address",
        "lab/started": "yaml",
        "lab/composed": "yaml",
        "lab/base": "json",
        "lab/lower": "shell",
        "lab/fallback": "shell",
        "lab/encoder": "shell",
        "lab/tower": "shell",
        "lab/script": "javascript",
        "lab/static": "javascript",
        "lab/constant": "javascript",
    }


def test_a_class_of_another_file_loads_what_the_class_that_inherits_it_names(tmp_path):
    tree(
        tmp_path,
        base_dot_py=(
            "from transformers import AutoModel\nclass Base:\n    name = None\n    own = 'lab/own'\n"
            "    def load(self):\n        net = AutoModel.from_pretrained(self.name)\n"
            "        return net, AutoModel.from_pretrained(self.own)\n"
        ),
        nets_dot_py="import json\nfrom base import Base\n\n\nclass Rose(Base):\n    name = 'lab/rose'\n",
    )
    found = {(usage["path"], usage["line"], usage["model_id"], usage["how"]) for usage in usages(tmp_path)}
    assert found == {("base.py", 7, "lab/own", "literal"), ("nets.py", 5, "lab/rose", "handed_over")}


def test_settings_of_a_class_of_another_file(tmp_path):
    tree(
        tmp_path,
        settings_dot_py=(
            "from dataclasses import dataclass\n@dataclass\nclass Settings:\n    reader: str = 'lab/reader'\n"
        ),
        app_dot_py=(
            "from settings import Settings\nfrom transformers import AutoModel\n"
            "settings = Settings()\nnet = AutoModel.from_pretrained(settings.reader)\n"
        ),
    )
    assert ids(tmp_path) == {"lab/reader": "other_file"}


def test_a_file_beside_another_is_imported_by_its_bare_name_in_each_folder(tmp_path):
    load = "from transformers import AutoModel\ndef load(n):\n    return AutoModel.from_pretrained(n)\n"
    tree(
        tmp_path,
        a__utils_dot_py="def load(n):\n    return n\n",
        a__run_dot_py="from utils import load\nload('lab/not-loaded')\n",
        b__utils_dot_py=load,
        b__run_dot_py="from utils import load\nload('lab/beside')\n",
    )
    assert ids(tmp_path) == {"lab/beside": "handed_over"}


def test_packages_of_others_links_and_long_files_are_left_out(tmp_path):
    line = "from transformers import AutoModel\nAutoModel.from_pretrained('lab/net')\n"
    tree(tmp_path / "repo", venv__lib_dot_py=line, node_modules__x_dot_py=line, long_dot_py=line + "#" * (5 << 20))
    tree(tmp_path / "outside", secret_dot_py=line)
    os.symlink(tmp_path / "outside" / "secret.py", tmp_path / "repo" / "link.py")
    os.symlink(tmp_path / "outside", tmp_path / "repo" / "folder")
    document = hubcensus(tmp_path, "usages", str(tmp_path / "repo"), code=3)
    assert document["usages"] == []
    assert [line.partition(":")[0] for line in document["unread"]] == ["long.py"]


def test_a_path_that_is_not_there_is_said(tmp_path):
    assert "There is no file or folder" in hubcensus(tmp_path, "usages", str(tmp_path / "nothing"), code=2)


def test_least_confidence(tmp_path):
    made = "n = 'b'\nt.pipeline('x', f'lab/{n}')\n"
    tree(tmp_path, a_dot_py=f"import transformers as t\nt.pipeline('x', 'lab/a')\n{made}")
    document = hubcensus(tmp_path, "usages", str(tmp_path), "--min-confidence", "0.9")
    assert [usage["model_id"] for usage in document["usages"]] == ["lab/a"]


def test_the_table_holds_the_whole_list_of_peatmoss():
    rows = [row for row in signatures.table() if row.origin == "peatmoss"]
    assert sum(row.form == "module" for row in rows) == 282
    assert sum(row.module.startswith("torchvision") for row in rows) == 121
    assert sum(row.module.startswith(("torchtext", "torchaudio")) for row in rows) == 41
    calls = {(row.module, row.call) for row in rows}
    assert {
        ("torch", "hub.load"),
        ("*", "from_pretrained"),
        ("timm", "create_model"),
        ("speechbrain", "from_hparams"),
    } <= calls


def _example(row: signatures.Signature) -> str:
    call = row.call.replace("[A-Z]*", "Some").replace("*", "Some")
    root = row.module if row.module != "*" else "transformers"
    words = {"repo:entry": "'lab/repo', 'net'", "tfhub": "'https://tfhub.dev/lab/net/1'", "kaggle": "'a/b/c/d'"}
    words |= {
        "hub-uri": "'hf-hub:lab/net'",
        "address": "'hf://lab/net/config.json'",
        "gradio": "'models/lab/net'",
        "coqui": "'tts_models/en/a/b'",
        "weights": "'yolov8n.pt'",
    }
    words |= {
        "open-clip": "'ViT-B-32', pretrained='laion2b'",
        "preset": "'gemma_2b_en'",
        "ollama": "'llama3'",
        "timm": "'resnet50'",
        "spacy": "'en_core_web_sm'",
        "smp": "'resnet34'",
        "top2vec": "'all-MiniLM-L6-v2'",
    }
    model = words.get(row.form, "'lab/net'")
    if row.form in ("call", "module", "owner"):
        arguments = "pretrained=True" if row.needs == "pretrained" else ""
    else:
        places = row.positions
        arguments = ", ".join(["None"] * places[0] + [model]) if places else f"{row.keywords[0]}={model}"
        arguments += ", pretrained=True" if row.needs == "pretrained" else ""
    return f"import {root}\n{root}.{call}({arguments})\n"


@pytest.mark.parametrize("row", signatures.table(), ids=lambda row: f"{row.module}:{row.call}")
def test_every_row_of_the_table_finds_its_call(row):
    if not row.module.replace(".", "").replace("*", "x").isidentifier():
        pytest.skip("a name that cannot be imported")
    source = _example(row)
    assert signatures.may_match(source.encode()), source
    assert len(miner.mine("a.py", source.encode())) >= 1, source


@given(
    st.binary(max_size=400),
    st.sampled_from([".py", ".ipynb", ".yaml", ".toml", ".json", ".sh", ".ts", "/Dockerfile"]),
)
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_read_without_an_error(data, ending):
    head = b"import transformers\nfrom_pretrained model_id: "
    lines = (head + data).count(b"\n") + (head + data).count(b"\r") + 1
    for found in (*miner.mine(f"a{ending}", head + data), *texts.mentions(f"a{ending}", head + data)):
        assert found.model_id and 1 <= found.line <= lines


WORDS = [
    "x",
    "=",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "\n",
    "    ",
    "def f(a='lab/n'):",
    "return a",
    "from_pretrained",
    "'lab/m'",
]
WORDS += [
    "for",
    "in",
    "lambda a: a",
    "if x:",
    "else:",
    "class C:",
    "self.x",
    ",",
    "*",
    "**",
    "f'{x}/y'",
    "import transformers as t",
]
WORDS += [
    "t.AutoModel.from_pretrained(x)",
    "print x",
    "%magic",
    "try:",
    "f(f)",
    "C().x",
    "x = [x, x]",
    "x += x",
    "global x",
]


@given(st.lists(st.sampled_from(WORDS), max_size=40))
@settings(deadline=None, max_examples=300)
def test_any_program_is_read_without_an_error(words):
    source = "import transformers as t\n" + " ".join(words)
    for usage in miner.mine("a.py", source.encode()):
        assert usage.model_id in source.replace("'", "") or "/" in usage.model_id


def test_programs_that_never_end_when_run_are_read_at_once():
    deep = "x = " + "(" * 500 + "1" + ")" * 500
    wide = "x = ['lab/a']\n" + "x = x + x\n" * 60
    around = "def f(n):\n    return g(n)\ndef g(n):\n    return f(n) or f(n)\nf('lab/a')\n"
    many = (
        "".join(f"def f{n}(a): return [f{n + 1}(a), f{n + 1}(a), f{n + 1}(a)]\n" for n in range(40)) + "f0('lab/a')\n"
    )
    long = "x = " + " + ".join(["y"] * 600)
    for source in (deep, wide, around, many, long):
        text = f"from transformers import AutoModel\n{source}\nAutoModel.from_pretrained('lab/net')\n"
        found = [usage.model_id for usage in miner.mine("a.py", text.encode())]
        assert found == ["lab/net"] or source is deep


def test_a_yaml_file_makes_nothing(tmp_path):
    mark = tmp_path / "made"
    text = f"model_id: !!python/object/apply:os.system ['touch {mark}']\nmodel_name: lab/net\n"
    assert [mention.model_id for mention in texts.mentions("a.yaml", text.encode())] == ["lab/net"]
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    assert texts.mentions("b.yaml", bomb.encode()) == []
    assert not mark.exists()


def told(folder: Path, **options: bool) -> set[tuple[str, int, str | None]]:
    """Where a folder uses what."""
    return {(usage["path"], usage["line"], usage["model_id"]) for usage in usages(folder, **options)}


def test_scripts_that_are_no_shell_scripts(tmp_path):
    tree(
        tmp_path,
        Makefile="# huggingface-cli download lab/comment\nweights:\n\thuggingface-cli download lab/made\n",
        deploy__run_dot_env="PORT=80\nMODEL_ID=lab/env\n",
        Dockerfile="FROM python\nRUN python -m spacy download en_core_web_sm\n",
        _dot_github__workflows__ci_dot_yml=(
            "jobs:\n  a:\n    steps:\n      - run: hf download lab/one\n"
            "      - run: |\n          pip install x\n          ollama pull llama3\n"
        ),
        _dot_hidden__x_dot_sh="huggingface-cli download lab/hidden\n",
    )
    assert told(tmp_path) == {
        ("Makefile", 3, "lab/made"),
        ("deploy/run.env", 2, "lab/env"),
        ("Dockerfile", 2, "en_core_web_sm"),
        (".github/workflows/ci.yml", 4, "lab/one"),
        (".github/workflows/ci.yml", 7, "llama3"),
    }


def test_shell_lines_of_a_notebook(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": "!huggingface-cli download lab/told"},
        {
            "cell_type": "code",
            "source": ["x = 1\n", "!huggingface-cli download lab/line\n", "print('--model lab/no')"],
        },
        {"cell_type": "code", "source": "%%bash\nls\nvllm serve lab/cell"},
    ]
    (tmp_path / "a.ipynb").write_text(
        json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})
    )
    found = [(usage["cell"], usage["line"], usage["model_id"], usage["how"]) for usage in usages(tmp_path)]
    assert found == [(1, 2, "lab/line", "shell"), (2, 3, "lab/cell", "shell")]


def test_settings_name_models_by_their_keys_and_at_their_lines(tmp_path):
    tree(
        tmp_path,
        a_dot_yaml="model_name_or_path: gpt2\nmodel: gpt2\n",
        b_dot_yaml="model_list:\n  - litellm_params:\n      model: openai/gpt-oss-20b\n  - model: lab/own\n",
        c_dot_toml='title = "about lab/net"\nname = "lab/net"\n\n[train]\nbase_model = "lab/net"\n',
        d_dot_json='{"about": "lab/net",\n "base_model": "lab/net"}\n',
    )
    assert told(tmp_path) == {
        ("a.yaml", 1, "gpt2"),
        ("b.yaml", 4, "lab/own"),
        ("c.toml", 5, "lab/net"),
        ("d.json", 2, "lab/net"),
    }


def test_what_is_loaded_from_the_machine_is_told_on_request(tmp_path):
    tree(
        tmp_path,
        a_dot_py=(
            "import torch\nfrom transformers import AutoModel\nfrom huggingface_hub import hf_hub_download\n"
            "m = AutoModel.from_pretrained('./models/mine')\n"
            "a = torch.load('a.pt')\nb = torch.load('b.pt', weights_only=False)\n"
            "c = torch.load('c.pt', weights_only=True)\n"
            "d = torch.load(hf_hub_download('lab/net', 'w.bin'), weights_only=False)\n"
        ),
    )
    (only,) = usages(tmp_path)
    assert (only["model_id"], only["flags"]) == ("lab/net", ["not_weights_only"])
    found = {
        usage["line"]: (usage["model_id"], usage["hub"], usage["flags"]) for usage in usages(tmp_path, local=True)
    }
    assert found == {
        4: (None, None, []),
        5: (None, None, ["weights_only_unset"]),
        6: (None, None, ["not_weights_only"]),
        8: ("lab/net", "huggingface", ["not_weights_only"]),
    }


def test_a_tag_of_torch_hub_is_a_revision():
    text = "import torch\na = torch.hub.load('lab/repo:v0.1', 'net')\nb = torch.hub.load('lab/repo', 'net')\n"
    found = [(usage.model_id, usage.revision) for usage in miner.mine("a.py", text.encode())]
    assert found == [("lab/repo:net", "v0.1"), ("lab/repo:net", None)]
