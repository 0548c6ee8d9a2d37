"""Names under which the same metric, dataset, split and task are written, and the one that we use.

The renamed dataset ids are those of early 2024, when the hub gave its bare ids an owner.
"""

from __future__ import annotations

#: Metrics by squashed name: lower case, nothing but letters and digits, words about averaging and splits taken out.
METRICS = {
    **dict.fromkeys(
        ("accuracy", "acc", "top1", "top1accuracy", "top1acc", "acc1", "accuracytop1", "acctop1"), "accuracy"
    ),
    **dict.fromkeys(("categoricalaccuracy", "binaryaccuracy", "classificationaccuracy", "tokenaccuracy"), "accuracy"),
    **dict.fromkeys(("top5", "top5accuracy", "top5acc", "acc5", "accuracytop5", "acctop5"), "top5_accuracy"),
    **dict.fromkeys(("top3", "top3accuracy", "top3acc", "acc3", "accuracytop3"), "top3_accuracy"),
    **dict.fromkeys(("exactmatch", "em", "exact", "squadexactmatch", "squadv2exact"), "exact_match"),
    **dict.fromkeys(
        ("f1", "fscore", "fmeasure", "f1score", "nerf1", "nerfscore", "spanf1", "entityf1", "squadf1", "f"), "f1"
    ),
    **dict.fromkeys(("precision", "prec", "nerprecision", "nerp", "p"), "precision"),
    **dict.fromkeys(("recall", "nerrecall", "nerr", "r", "sensitivity"), "recall"),
    **dict.fromkeys(("matthewscorrelation", "matthews", "mcc", "matthewscorr", "matthewscc"), "matthews_correlation"),
    **dict.fromkeys(("pearson", "pearsonr", "pearsoncorrelation", "pearsoncorr", "pcc"), "pearson"),
    **dict.fromkeys(
        ("spearman", "spearmanr", "spearmancorrelation", "spearmancorr", "spearmanrho", "src"), "spearman"
    ),
    **dict.fromkeys(("rouge1", "rogue1"), "rouge1"),
    **dict.fromkeys(("rouge2", "rogue2"), "rouge2"),
    **dict.fromkeys(("rougel", "roguel"), "rougeL"),
    **dict.fromkeys(("rougelsum", "roguelsum"), "rougeLsum"),
    **dict.fromkeys(("mse", "meansquarederror"), "mse"),
    **dict.fromkeys(("rmse", "rootmeansquarederror"), "rmse"),
    **dict.fromkeys(("mae", "meanabsoluteerror"), "mae"),
    **dict.fromkeys(("r2", "rsquared", "coefficientofdetermination"), "r2"),
    **dict.fromkeys(("perplexity", "ppl", "wordperplexity", "tokenperplexity"), "perplexity"),
    **dict.fromkeys(("loss", "crossentropy", "crossentropyloss", "nll"), "loss"),
    **dict.fromkeys(("bleu", "sacrebleu", "bleu4"), "bleu"),
    **dict.fromkeys(("wer", "worderrorrate"), "wer"),
    **dict.fromkeys(("cer", "charactererrorrate", "сer"), "cer"),
    **dict.fromkeys(("auc", "rocauc", "auroc"), "roc_auc"),
}

AVERAGES = {
    "macro": "macro",
    "micro": "micro",
    "weighted": "weighted",
    "binary": "binary",
    "macroaverage": "macro",
    "microaverage": "micro",
}

#: How the similarity of two embeddings is measured; cosine where nothing is said.
SIMILARITIES = {
    "cosine": "cosine",
    "cos": "cosine",
    "euclidean": "euclidean",
    "manhattan": "manhattan",
    "dot": "dot",
}

#: Words of a metric's name that say nothing of the metric.
NOISE = frozenset(
    [
        "score",
        "eval",
        "test",
        "validation",
        "val",
        "dev",
        "valid",
        "sim",
        "average",
        "averaged",
        "avg",
        "overall",
        "metric",
        "value",
        "seqeval",
        "strict",
        "self",
        "reported",
        "squad",
        "v2",
        "squadv2",
        "correlation",
        "coefficient",
    ]
)

#: Fractions between 0 and 1, printed as such or in percent; an error rate may pass 1.
FRACTIONS = frozenset(
    {"accuracy", "top3_accuracy", "top5_accuracy", "exact_match", "f1", "precision", "recall", "roc_auc", "rouge1"}
    | {"rouge2", "rougeL", "rougeLsum", "bleu", "wer", "cer"}
)
#: Between -1 and 1, printed as such or times 100.
SIGNED = frozenset({"matthews_correlation", "pearson", "spearman"})
#: The smaller the better.
ERRORS = frozenset({"wer", "cer", "mse", "rmse", "mae", "perplexity", "loss"})

SPLITS = {
    **dict.fromkeys(("test", "testing", "eval_test", "tst"), "test"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development", "eval", "evaluation"), "validation"),
    **dict.fromkeys(("train", "training", "trn"), "train"),
}

TASKS = {
    **dict.fromkeys(("sentiment-analysis", "multi-class-classification"), "text-classification"),
    **dict.fromkeys(
        ("natural-language-inference", "text-scoring", "zero-shot-classification"), "text-classification"
    ),
    **dict.fromkeys(("named-entity-recognition", "ner", "part-of-speech", "pos-tagging"), "token-classification"),
    **dict.fromkeys(("extractive-qa", "extractive-question-answering"), "question-answering"),
    **dict.fromkeys(("semantic-textual-similarity", "sts", "feature-extraction"), "sentence-similarity"),
    **dict.fromkeys(
        ("summarisation", "abstractive-text-summarization", "abstractive-summarization"), "summarization"
    ),
    **dict.fromkeys(("text-summarization", "text2text-generation", "text-2-text-generation"), "summarization"),
    **dict.fromkeys(("causal-lm", "causal-language-modeling", "language-modeling"), "text-generation"),
    **dict.fromkeys(("regression",), "text-regression"),
    **dict.fromkeys(("image-recognition",), "image-classification"),
}

#: Bare dataset ids and what they are called since.
DATASETS = {
    "glue": "nyu-mll/glue",
    "multi_nli": "nyu-mll/multi_nli",
    "sst2": "stanfordnlp/sst2",
    "imdb": "stanfordnlp/imdb",
    "snli": "stanfordnlp/snli",
    "sentiment140": "stanfordnlp/sentiment140",
    "squad": "rajpurkar/squad",
    "squad_v2": "rajpurkar/squad_v2",
    "conll2003": "eriktks/conll2003",
    "emotion": "dair-ai/emotion",
    "ag_news": "fancyzhx/ag_news",
    "amazon_polarity": "fancyzhx/amazon_polarity",
    "yelp_polarity": "fancyzhx/yelp_polarity",
    "dbpedia_14": "fancyzhx/dbpedia_14",
    "yelp_review_full": "Yelp/yelp_review_full",
    "wikitext": "Salesforce/wikitext",
    "xsum": "EdinburghNLP/xsum",
    "cnn_dailymail": "abisee/cnn_dailymail",
    "samsum": "Samsung/samsum",
    "billsum": "FiscalNote/billsum",
    "mnist": "ylecun/mnist",
    "cifar10": "uoft-cs/cifar10",
    "cifar100": "uoft-cs/cifar100",
    "food101": "ethz/food101",
    "beans": "AI-Lab-Makerere/beans",
    "fashion_mnist": "zalando-datasets/fashion_mnist",
    "imagenet-1k": "ILSVRC/imagenet-1k",
    "cats_vs_dogs": "microsoft/cats_vs_dogs",
    "rotten_tomatoes": "cornell-movie-review-data/rotten_tomatoes",
    "tweet_eval": "cardiffnlp/tweet_eval",
    "wnut_17": "leondz/wnut_17",
    "banking77": "PolyAI/banking77",
    "clinc_oos": "clinc/clinc_oos",
    "xtreme": "google/xtreme",
    "boolq": "google/boolq",
    "xnli": "facebook/xnli",
    "anli": "facebook/anli",
    "super_glue": "aps/super_glue",
    "paws": "google-research-datasets/paws",
    "paws-x": "google-research-datasets/paws-x",
    "go_emotions": "google-research-datasets/go_emotions",
    "trec": "CogComp/trec",
    "sms_spam": "ucirvine/sms_spam",
    "financial_phrasebank": "takala/financial_phrasebank",
    "hate_speech18": "odegiber/hate_speech18",
    "wikiann": "unimelb-nlp/wikiann",
    "adversarial_qa": "UCLNLP/adversarial_qa",
    "trivia_qa": "mandarjoshi/trivia_qa",
    "stsb_multi_mt": "PhilipMay/stsb_multi_mt",
    "lambada": "cimec/lambada",
}

#: The parts of a collection that also stand alone: (id, configuration) -> id.
PARTS = {
    ("nyu-mll/glue", "sst2"): "stanfordnlp/sst2",
    ("stanfordnlp/sst2", None): "nyu-mll/glue:sst2",
}
