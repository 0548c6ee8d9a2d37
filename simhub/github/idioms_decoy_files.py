"""Notebooks, settings, scripts and documents that name models, and load none from a hub."""

from __future__ import annotations

from simhub.github._template import written

TEXTS = (
    written(
        "yaml_of_a_service",
        "litellm/<w>.yaml",
        """
        model_list:
          - model_name: fast
            litellm_params:
              model: openai/gpt-4o-mini
              api_key: os.environ/OPENAI_API_KEY
        """,
        weight=2,
    ),
    written(
        "yaml_paths",
        "config/<w>_paths.yaml",
        """
        model: models/unet
        checkpoint: checkpoints/last.ckpt
        image: <o.owner>/<o.name>:latest
        """,
        weight=2,
    ),
    written(
        "shell_of_a_service",
        "tools/<w>_ask.sh",
        """
        #!/bin/sh
        aider --model anthropic/claude-3-5-sonnet "$@"
        docker run -d <o>
        """,
        weight=1.5,
    ),
    written(
        "json_facts",
        "results/<w>.json",
        """
        {
          "task": "ner",
          "dataset": "<p>",
          "output_dir": "out/<o.name>",
          "push_to_hub_model_id": "<o>",
          "score": 0.5
        }
        """,
        weight=2,
    ),
    written(
        "notebook_text",
        "notebooks/<w>_report.ipynb",
        """
        # %% md
        # Results with `<a>`
        `pipeline("fill-mask", model="<a>")`
        # %%
        %matplotlib inline
        import pandas as pd
        scores = pd.DataFrame({"model": ["<a>", "<b>"], "f1": [0.8, 0.9]})
        scores.plot()
        """,
        weight=4,
    ),
    written(
        "yaml_upload",
        "configs/<w>_train.yaml",
        """
        # model_name_or_path: <b>
        hub_model_id: <o>
        dataset_name: <p>
        output_dir: results/<o.name>
        project: <q>
        """,
        weight=3,
    ),
    written(
        "yaml_local",
        "configs/<w>_local.yaml",
        """
        model_name_or_path: ./checkpoints/best
        tokenizer_name: /mnt/models/<o>
        """,
        weight=3,
    ),
    written(
        "shell_upload",
        "scripts/<w>_push.sh",
        """
        #!/bin/sh
        # huggingface-cli download <b>
        huggingface-cli upload <o> out/
        echo "see https://huggingface.co/<p>"
        """,
        weight=2,
    ),
    written(
        "script_comment",
        "web/<w>.js",
        """
        import { pipeline } from '@xenova/transformers';
        // pipeline('fill-mask', '<o>')
        export const run = async (name) => pipeline('fill-mask', name);
        """,
        weight=2,
    ),
    written(
        "container_comment",
        "docker/Dockerfile.<w>",
        """
        FROM python:3.11
        # RUN huggingface-cli download <o>
        COPY models /models
        CMD ["python", "app.py", "--weights", "/models/final"]
        """,
        weight=2,
    ),
    written(
        "installed_package",
        "third_party/<w>/loader.py",
        """
        from transformers import AutoModel

        vendored = AutoModel.from_pretrained("<o>")
        """,
        weight=1.5,
    ),
    written(
        "document",
        "docs/<w>.md",
        """
        # How to

        ```python
        model = AutoModel.from_pretrained("<a>")
        ```

        Serve with `vllm serve <o>`.
        """,
        weight=3,
    ),
)
