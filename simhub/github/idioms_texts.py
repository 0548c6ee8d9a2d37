"""Ways to load a model in what is no program: configuration, containers, shell scripts; and in JavaScript."""

from __future__ import annotations

from simhub.github._template import written

SETTINGS = (
    written(
        "yaml_key",
        "configs/<w>.yaml",
        """
        # was <b>
        model_name_or_path: <o>  #= <o>
        output_dir: out/<w>
        learning_rate: 2.0e-5
        """,
        weight=7,
    ),
    written(
        "yaml_nested",
        "conf/model/<w>.yml",
        """
        defaults:
          - _self_
        trainer: {epochs: 3}
        model:
          tokenizer_name: "<o>"  #= <o>
          pretrained_model_name_or_path: '<p>'  #= <p>
        data:
          path: <q>
        """,
        weight=4,
    ),
    written(
        "yaml_list",
        "eval/<w>.yaml",
        """
        tasks: [mmlu, arc]
        models:
          - name: first
            model_id: <o>  #= <o>
          - name: second
            model_id: <p>  #= <p>
        ---
        base_model: <q>  #= <q>
        """,
        weight=2,
    ),
    written(
        "yaml_short_id",
        "configs/<w>-short.yaml",
        """
        model_name_or_path: <short>  #= <short>
        max_length: 128
        """,
        weight=1.5,
    ),
    written(
        "toml_key",
        "settings/<w>.toml",
        """
        title = "settings, see <b>"

        [encoder]
        model_id = "<o>"  #= <o>
        layers = 6

        [paths]
        output = "out/model"
        """,
        weight=3,
    ),
    written(
        "json_key",
        "config/<w>.json",
        """
        {
          "seed": 7,
          "model_name_or_path": "<o>",  #= <o>
          "reranker": {"model": "<p>"},  #= <p>
          "note": "better than <b>"
        }
        """,
        weight=4,
    ),
    written(
        "compose_command",
        "docker-compose.<w>.yml",
        """
        services:
          llm:
            image: vllm/vllm-openai:latest
            command: --model <o> --max-model-len 4096  #= <o>; library=vllm
            ports: ["8000:8000"]
        """,
        weight=2,
    ),
    written(
        "workflow_download",
        ".github/workflows/<w>.yml",
        """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: huggingface-cli download <o>  #= <o>; library=huggingface_hub
        """,
        weight=1,
    ),
    written(
        "hub_address",
        "data/<w>_sources.yaml",
        """
        sources:
          - uri: hf://<o>/tokenizer.json  #= <o>; library=huggingface_hub
          - uri: hf://datasets/<p>/train.csv
        """,
        weight=1,
    ),
)

CLUSTERS = (
    written(
        "kubernetes_variable",
        "k8s/<w>.yaml",
        """
        apiVersion: apps/v1
        kind: Deployment
        spec:
          template:
            spec:
              containers:
                - name: serve
                  image: ghcr.io/huggingface/text-generation-inference:2.4
                  env:
                    - name: MODEL_ID
                      value: <o>  #= <o>
        """,
        weight=1,
    ),
    written(
        "kubernetes_arguments",
        "deploy/<w>-pod.yaml",
        """
        kind: Pod
        spec:
          containers:
            - image: vllm/vllm-openai:v0.6.3
              args: ["--model", "<o>", "--port", "8000"]  #= <o>; library=vllm
        """,
        weight=1,
    ),
    written(
        "variable_file",
        "deploy/<w>.env",
        """
        # MODEL_ID=<b>
        PORT=8000
        MODEL_ID=<o>  #= <o>
        """,
        weight=1,
    ),
)

CONTAINERS = (
    written(
        "dockerfile_download",
        "docker/<w>.Dockerfile",
        """
        FROM python:3.11-slim
        # not <b>
        RUN pip install --no-cache-dir huggingface_hub[cli]
        RUN huggingface-cli download <o> --local-dir /models  #= <o>; library=huggingface_hub
        CMD ["python", "serve.py"]
        """,
        weight=3,
    ),
    written(
        "dockerfile_variable",
        "Dockerfile.<w>",
        """
        FROM vllm/vllm-openai:latest
        ENV MODEL_ID=<o>  #= <o>
        ENTRYPOINT ["sh", "-c", "vllm serve $MODEL_ID"]
        """,
        weight=2,
    ),
    written(
        "dockerfile_python",
        "deploy/<w>/Dockerfile",
        """
        FROM python:3.11
        RUN pip install transformers torch
        RUN python -c "from transformers import pipeline; pipeline('fill-mask', model='<o>')"  #= <o>; library=transformers
        """,  # noqa: E501
        weight=1.5,
    ),
    written(
        "shell_serve",
        "scripts/<w>_serve.sh",
        """
        #!/bin/sh
        set -eu
        # vllm serve <b>
        exec vllm serve <o> --port 8000 --dtype auto  #= <o>; library=vllm
        """,
        weight=4,
    ),
    written(
        "shell_download",
        "scripts/<w>_fetch.sh",
        """
        #!/usr/bin/env bash
        huggingface-cli download <o> config.json  #= <o>; library=huggingface_hub
        hf download <p> --revision main  #= <p>; library=huggingface_hub
        huggingface-cli download --repo-type dataset <q>
        """,
        weight=3,
    ),
    written(
        "shell_option",
        "run_<w>.sh",
        """
        python train.py \\
            --model_name_or_path <o> \\  #= <o>
            --output_dir out/<w> \\
            --per_device_train_batch_size 8
        """,
        weight=5,
    ),
    written(
        "shell_variable",
        "slurm/<w>.sbatch",
        """
        #!/bin/bash
        #SBATCH --gpus=1
        BASE_MODEL="<o>"  #= <o>
        python finetune.py --base "$BASE_MODEL"
        """,
        weight=2,
    ),
    written(
        "shell_clone",
        "tools/<w>.sh",
        """
        git lfs install
        git clone https://huggingface.co/<o> weights  #= <o>; library=git
        git clone https://huggingface.co/datasets/<p> corpus
        """,
        weight=2,
    ),
    written(
        "spacy_download",
        "docker/<w>/Dockerfile",
        """
        FROM python:3.11
        RUN pip install spacy
        RUN python -m spacy download <spacy>  #= <spacy>; hub=spacy library=spacy
        """,
        weight=1.5,
    ),
    written(
        "makefile",
        "make/<w>/Makefile",
        """
        .PHONY: weights
        weights:
        \thuggingface-cli download <o> --local-dir weights  #= <o>; library=huggingface_hub
        """,
        weight=1,
    ),
)

SCRIPTS = (
    written(
        "typescript",
        "web/src/<w>.ts",
        """
        import { pipeline } from '@huggingface/transformers';

        // const pipe = await pipeline('fill-mask', '<b>');
        const classify = await pipeline('sentiment-analysis', '<o>');  #= <o>; library=@huggingface/transformers
        export default classify;
        """,
        weight=3,
    ),
    written(
        "javascript_class",
        "static/<w>.mjs",
        """
        import { AutoTokenizer, AutoModel } from '@xenova/transformers';

        const tokenizer = await AutoTokenizer.from_pretrained("<o>");  #= <o>
        const model = await AutoModel.from_pretrained("<o>", { quantized: true });  #= <o>
        """,
        "@xenova/transformers",
        weight=2,
    ),
    written(
        "typescript_constant",
        "app/<w>.tsx",
        """
        import { pipeline } from '@huggingface/transformers';

        const MODEL = '<o>';

        export async function embed(text: string) {
          const extractor = await pipeline('feature-extraction', MODEL);  #= <o>; library=@huggingface/transformers
          return extractor(text);
        }
        """,
        weight=1.5,
    ),
    written(
        "typescript_lines",
        "packages/<w>/index.ts",
        """
        import { pipeline } from '@xenova/transformers';

        export const summarizer = await pipeline(  #= <o>; library=@xenova/transformers
          'summarization',
          '<o>',
        );
        """,
        weight=1,
    ),
)
