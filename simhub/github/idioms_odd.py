"""Ways to load a model in notebooks, and in Python files that are not as they should be."""

from __future__ import annotations

from simhub.github._template import written

NOTEBOOKS = (
    written(
        "notebook",
        "notebooks/<w>.ipynb",
        """
        # %% md
        # Try it. The model is `<b>` in the paper:
        ```python
        AutoModel.from_pretrained("<b>")
        ```
        # %%
        %load_ext autoreload
        %autoreload 2
        !pip install -q transformers
        # %%
        from transformers import AutoModel, AutoTokenizer
        checkpoint = "<a>"
        # %%
        %%time
        tok = AutoTokenizer.from_pretrained(checkpoint)  #= <a>
        net = AutoModel.from_pretrained(checkpoint)  #= <a>
        # %%
        files = !ls *.txt
        print(files, "<c>")
        """,
        "transformers",
        weight=14,
    ),
    written(
        "notebook_branch",
        "<w>_demo.ipynb",
        """
        # %%
        #@title Which one? {run: "auto"}
        size = "small" #@param ["small", "large"]
        name = {"small": "<a>", "large": "<b>"}[size]
        # %% md
        Now load it.
        # %%
        from transformers import pipeline
        pipe = pipeline("text-generation", model=name)  #= <a>
        pipe("Once upon a time")
        """,
        "transformers",
        weight=4,
    ),
    written(
        "notebook_shell",
        "notebooks/<w>-download.ipynb",
        """
        # %%
        !huggingface-cli download <o> --local-dir weights  #= <o>; library=huggingface_hub
        # %%
        from transformers import AutoModel
        net = AutoModel.from_pretrained("weights")
        """,
        "transformers",
        weight=1.5,
    ),
    written(
        "notebook_broken_cell",
        "drafts/<w>.ipynb",
        """
        # %%
        from sentence_transformers import SentenceTransformer
        # %%
        for text in
            print(text
        # %%
        model = SentenceTransformer("<o>")  #= <o>
        model.encode?
        """,
        "sentence_transformers",
        weight=2,
    ),
)

ODD = (
    written(
        "python_2",
        "legacy/<w>.py",
        """
        # -*- coding: utf-8 -*-
        from transformers import AutoModel
        print "loading", 017
        try:
            old_net = AutoModel.from_pretrained(u"<a>")  #= <a>
        except OSError, error:
            raise ValueError, "no model"
        """,
        "transformers",
        weight=1,
    ),
    written(
        "broken_python",
        "wip/<w>.py",
        """
        from transformers import AutoModel

        net = AutoModel.from_pretrained("<a>")  #= <a>

        def unfinished(x:
            return x +

        other = AutoModel.from_pretrained("<b>")  #= <b>
        """,
        "transformers",
        weight=1.5,
    ),
    written(
        "merge_conflict",
        "app/<w>_merge.py",
        """
        from transformers import pipeline

        <<<<<<< HEAD
        pipe = pipeline("fill-mask", model="<a>")  #= <a>
        =======
        pipe = pipeline("fill-mask", model="<b>")  #= <b>
        >>>>>>> feature
        """,
        "transformers",
        weight=0.5,
    ),
    written(
        "latin_1",
        "scripts/<w>_latin.py",
        """
        # -*- coding: latin-1 -*-
        # Modèle préféré des élèves
        from transformers import AutoModel

        élève = AutoModel.from_pretrained("<a>")  #= <a>
        """,
        "transformers",
        weight=1.5,
        encoding="latin-1",
    ),
    written(
        "windows_file",
        "windows/<w>.py",
        """
        # 配置 ⚙
        from transformers import AutoModel

        сеть = AutoModel.from_pretrained("<a>")  #= <a>
        """,
        "transformers",
        weight=2,
        encoding="utf-8-sig",
    ),
)
