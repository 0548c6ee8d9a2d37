"""Every recipe on a tiny checkpoint of its kind, against a value computed row by row without it."""

from __future__ import annotations

import base64
import io
import json
import math

import numpy as np
import pytest
from claims_models import bert, card, logits, rows, save, sentences, tokenizer
from scipy import stats

from probe import claims
from probe.claims import images, recipe
from probe.claims.texts import rouge

torch = pytest.importorskip("torch", reason="needs the probe extra")
pytest.importorskip("transformers", reason="needs the probe extra")
metrics = pytest.importorskip("sklearn.metrics", reason="needs the probe extra")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def measured(folder, root, *told, task, split="test"):
    """Measurements of claims of the given metrics (a value far off, so that alternatives are tried as well)."""
    card(folder, *({"task": task, "split": split, "metric": m, "value": v, "args": a} for m, v, a in told))
    found = claims.verify(folder, datasets=root)
    assert all(m["reason"] for m in found)
    return {(m["metric"], m["value_raw"]): m for m in found}


def test_the_recipes_are_found_by_listing_the_folder():
    names = {found.name for found in recipe.recipes()}
    assert names == {
        "text classification",
        "token classification",
        "image classification",
        "question answering",
        "sentence similarity",
        "summarisation",
        "causal language modelling",
        "regression",
    }


def test_text_classification_of_pairs_with_labels_by_name(tmp_path):
    from transformers import BertForSequenceClassification

    names = {0: "Contradiction", 1: "entailment", 2: "NEUTRAL"}
    tokens = tokenizer(tmp_path)
    model = save(
        BertForSequenceClassification(bert(id2label=names, label2id={v: k for k, v in names.items()})), tmp_path
    )
    first, second = sentences(120, 1), sentences(120, 2)
    values = logits(model, tokens, first, second)
    data = ["entailment", "neutral", "contradiction"]
    guess = np.array([data.index(names[i].lower()) for i in values.argmax(1)])
    rng = np.random.default_rng(0)
    truth = np.where(rng.random(120) < 0.7, guess, rng.integers(0, 3, 120))
    root = tmp_path / "data"
    rows(root, "test", [{"premise": a, "hypothesis": b, "label": int(y)} for a, b, y in zip(first, second, truth)])
    (root / "tiny/data/features.json").write_text(json.dumps({"label": data}))
    told = [
        ("accuracy", "0.5555", None),
        ("f1", "0.1111", {"average": "macro"}),
        ("f1", "0.1", {"average": "weighted"}),
        ("precision", "0.12", {"average": "micro"}),
        ("matthews_correlation", "0.01", None),
        ("loss", "9.9", None),
    ]
    found = measured(tmp_path, root, *told, task="natural-language-inference")
    by_name = torch.log_softmax(torch.tensor(values), -1).numpy()
    order = [[names[i].lower() for i in range(3)].index(data[y]) for y in truth]
    expected = {
        ("accuracy", "0.5555"): metrics.accuracy_score(truth, guess),
        ("f1", "0.1111"): metrics.f1_score(truth, guess, average="macro"),
        ("f1", "0.1"): metrics.f1_score(truth, guess, average="weighted"),
        ("precision", "0.12"): metrics.precision_score(truth, guess, average="micro"),
        ("matthews_correlation", "0.01"): metrics.matthews_corrcoef(truth, guess),
        ("loss", "9.9"): float(np.mean([-by_name[i, c] for i, c in enumerate(order)])),
    }
    for key, value in expected.items():
        assert found[key]["measured"] == pytest.approx(value, abs=1e-5), key
        assert found[key]["ci_low"] <= value <= found[key]["ci_high"]
        assert "labels by name" in found[key]["protocol"] or found[key]["verdict"] == "PROTOCOL_MISMATCH"


def test_two_classes_have_a_binary_score_and_an_area(tmp_path):
    from transformers import BertForSequenceClassification

    tokens = tokenizer(tmp_path)
    model = save(BertForSequenceClassification(bert(num_labels=2)), tmp_path)
    texts = sentences(150, 3)
    values = logits(model, tokens, texts)
    rng = np.random.default_rng(1)
    truth = np.where(rng.random(150) < 0.8, values.argmax(1), 1 - values.argmax(1))
    rows(tmp_path / "data", "test", [{"sentence": t, "label": "yes" if y else "no"} for t, y in zip(texts, truth)])
    found = measured(
        tmp_path, tmp_path / "data", ("f1", "0.1", None), ("roc_auc", "0.2", None), task="sentiment-analysis"
    )
    assert found["f1", "0.1"]["measured"] == pytest.approx(metrics.f1_score(truth, values.argmax(1)))
    expected = metrics.roc_auc_score(truth, torch.softmax(torch.tensor(values), -1)[:, 1].numpy())
    assert found["roc_auc", "0.2"]["measured"] == pytest.approx(expected, abs=1e-6)


def test_regression(tmp_path):
    from transformers import BertForSequenceClassification

    tokens = tokenizer(tmp_path)
    model = save(BertForSequenceClassification(bert(num_labels=1)), tmp_path)
    first, second = sentences(90, 4), sentences(90, 5)
    guess = logits(model, tokens, first, second)[:, 0]
    truth = guess + np.random.default_rng(0).normal(0, 1, 90)
    rows(
        tmp_path / "data",
        "test",
        [{"sentence1": a, "sentence2": b, "score": float(y)} for a, b, y in zip(first, second, truth)],
    )
    told = [("mse", "9.9", None), ("pearson", "0.01", None), ("spearmanr", "1.5", None), ("mae", "7", None)]
    found = measured(tmp_path, tmp_path / "data", *told, task="text-scoring")
    assert found["mse", "9.9"]["measured"] == pytest.approx(metrics.mean_squared_error(truth, guess), rel=1e-4)
    assert found["mae", "7"]["measured"] == pytest.approx(metrics.mean_absolute_error(truth, guess), rel=1e-4)
    assert found["pearson", "0.01"]["measured"] == pytest.approx(stats.pearsonr(truth, guess).statistic, abs=1e-5)
    assert found["spearmanr", "1.5"]["measured"] == pytest.approx(stats.spearmanr(truth, guess).statistic, abs=1e-5)


def test_token_classification_by_chunk_with_words_cut_off(tmp_path):
    from transformers import BertForTokenClassification

    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    tokens = tokenizer(tmp_path)
    config = bert(id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})
    model = save(BertForTokenClassification(config), tmp_path)
    words = [text.split() for text in sentences(60, 6, longest=20)] + [["w1"] * 80]
    guess = []
    for line in words:
        encoded = tokens(line, is_split_into_words=True, return_tensors="pt", truncation=True, max_length=64)
        with torch.no_grad():
            ids = model(**encoded).logits[0].argmax(-1).tolist()
        places = encoded.word_ids(0)
        guess.append([names[ids[places.index(i)]] if i in places else "O" for i in range(len(line))])
    assert guess[-1][62:] == ["O"] * 18
    rng = np.random.default_rng(2)
    truth = [[t if rng.random() < 0.8 else str(rng.choice(names)) for t in line] for line in guess]
    root = tmp_path / "data"
    rows(root, "test", [{"tokens": w, "ner_tags": [names.index(t) for t in line]} for w, line in zip(words, truth)])
    (root / "tiny/data/features.json").write_text(json.dumps({"ner_tags": {"feature": {"names": names}}}))
    found = measured(
        tmp_path, root, ("f1", "0.01", None), ("accuracy", "0.02", None), ("recall", "0.03", None), task="ner"
    )
    hit, true, guessed = chunk_counts(truth, guess)
    assert found["f1", "0.01"]["measured"] == pytest.approx(2 * hit / (true + guessed))
    assert found["recall", "0.03"]["measured"] == pytest.approx(hit / true)
    flat = [a == b for x, y in zip(truth, guess) for a, b in zip(x, y)]
    assert found["accuracy", "0.02"]["measured"] == pytest.approx(np.mean(flat))


def chunk_counts(truth, guess):
    """Right, true and guessed IOB chunks, by walking from each beginning to its end."""

    def cut(tags):
        found, i = set(), 0
        while i < len(tags):
            if tags[i] == "O":
                i += 1
                continue
            kind, j = tags[i][2:], i + 1
            while j < len(tags) and tags[j] == f"I-{kind}":
                j += 1
            found.add((kind, i, j))
            i = j
        return found

    pairs = [(cut(a), cut(b)) for a, b in zip(truth, guess)]
    return sum(len(a & b) for a, b in pairs), sum(len(a) for a, _ in pairs), sum(len(b) for _, b in pairs)


def test_question_answering(tmp_path):
    from transformers import BertForQuestionAnswering

    tokens = tokenizer(tmp_path)
    model = save(BertForQuestionAnswering(bert()), tmp_path)
    questions, contexts = sentences(40, 7, longest=6), sentences(40, 8, longest=25)
    answers = []
    for q, c in zip(questions, contexts):
        encoded = tokens(q, c, return_tensors="pt", return_offsets_mapping=True)
        offsets = encoded.pop("offset_mapping")[0].tolist()
        with torch.no_grad():
            out = model(**encoded)
        s, e = out.start_logits[0].numpy(), out.end_logits[0].numpy()
        inside = [i for i, side in enumerate(encoded.sequence_ids(0)) if side == 1]
        best = max((s[i] + e[j], i, j) for i in inside for j in inside if i <= j < i + 30)
        answers.append(c[offsets[best[1]][0] : offsets[best[2]][1]])
    golds = [[a, "other"] if i % 3 else [" ".join(a.split()[:1]) + " zzz"] for i, a in enumerate(answers)]
    data = [
        {"question": q, "context": c, "answers": {"text": g, "answer_start": [0] * len(g)}}
        for q, c, g in zip(questions, contexts, golds)
    ]
    rows(tmp_path / "data", "validation", data)
    told = [("exact_match", "1", None), ("f1", "99.0", None)]
    found = measured(tmp_path, tmp_path / "data", *told, task="question-answering", split="dev")
    exact = np.mean([i % 3 != 0 for i in range(40)])
    assert found["exact_match", "1"]["measured"] == pytest.approx(exact)
    expected = np.mean([1.0 if i % 3 else 2 / (len(a.split()) + 2) for i, a in enumerate(answers)])
    assert found["f1", "99.0"]["measured"] == pytest.approx(expected)


@pytest.mark.parametrize("pool", ["mean", "cls"])
def test_sentence_similarity(tmp_path, pool):
    from transformers import BertModel

    tokens = tokenizer(tmp_path)
    model = save(BertModel(bert()), tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    told = {
        "word_embedding_dimension": 16,
        "pooling_mode_cls_token": pool == "cls",
        "pooling_mode_mean_tokens": pool == "mean",
    }
    (tmp_path / "1_Pooling/config.json").write_text(json.dumps(told))
    first, second = sentences(70, 9), sentences(70, 10)

    def vector(text):
        with torch.no_grad():
            states = model(**tokens(text, return_tensors="pt")).last_hidden_state[0]
        return (states[0] if pool == "cls" else states.mean(0)).numpy()

    a, b = (np.stack([vector(t) for t in texts]) for texts in (first, second))
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    truth = cosine + np.random.default_rng(0).normal(0, 0.1, 70)
    rows(
        tmp_path / "data",
        "test",
        [{"sentence1": x, "sentence2": y, "score": float(z)} for x, y, z in zip(first, second, truth)],
    )
    found = measured(
        tmp_path, tmp_path / "data", ("spearmanr", "1", None), ("euclidean_pearson", "1.5", None), task="sts"
    )
    assert found["spearmanr", "1"]["measured"] == pytest.approx(stats.spearmanr(truth, cosine).statistic, abs=1e-4)
    euclidean = -np.linalg.norm(a - b, axis=1)
    assert found["euclidean_pearson", "1.5"]["measured"] == pytest.approx(
        stats.pearsonr(truth, euclidean).statistic, abs=1e-4
    )
    assert f"{pool} pooling" in found["spearmanr", "1"]["protocol"]


def test_summarisation(tmp_path):
    from transformers import BartConfig, BartForConditionalGeneration

    tokens = tokenizer(tmp_path)
    config = BartConfig(
        vocab_size=len(tokens),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=64,
        init_std=1.0,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        decoder_start_token_id=2,
        forced_eos_token_id=3,
    )
    model = BartForConditionalGeneration(config)
    model.generation_config.max_length, model.generation_config.num_beams = 24, 2
    save(model, tmp_path)
    texts, golds = sentences(20, 11, longest=30), sentences(20, 12)
    made = []
    for text in texts:
        encoded = tokens(text, return_tensors="pt", truncation=True, max_length=64)
        encoded.pop("token_type_ids", None)
        with torch.no_grad():
            ids = model.generate(**encoded, do_sample=False)
        made.append(tokens.decode(ids[0], skip_special_tokens=True))
    golds = [f"{m.split()[0] if m else ''} {g}" for m, g in zip(made, golds)]
    rows(tmp_path / "data", "test", [{"document": t, "summary": g} for t, g in zip(texts, golds)])
    found = measured(
        tmp_path, tmp_path / "data", ("rouge1", "99", None), ("rougeL", "98", None), task="summarization"
    )
    for key in (("rouge1", "99"), ("rougeL", "98")):
        assert found[key]["measured"] == pytest.approx(
            np.mean([rouge(key[0], m, g) for m, g in zip(made, golds)]), abs=1e-6
        )
    assert "2 beam(s)" in found["rouge1", "99"]["protocol"]


def test_causal_perplexity_in_blocks_and_by_row(tmp_path):
    from transformers import GPT2Config, GPT2LMHeadModel

    tokens = tokenizer(tmp_path, causal=True)
    config = GPT2Config(
        vocab_size=len(tokens), n_embd=16, n_layer=1, n_head=2, n_positions=32, bos_token_id=4, eos_token_id=4
    )
    model = save(GPT2LMHeadModel(config), tmp_path)
    texts = sentences(50, 13)
    rows(tmp_path / "data", "test", [{"text": t} for t in [*texts, ""]])

    def nll(ids):
        with torch.no_grad():
            return float(model(torch.tensor([ids]), labels=torch.tensor([ids])).loss) * (len(ids) - 1)

    lines = [tokens(t)["input_ids"] for t in texts]
    by_row = math.exp(sum(map(nll, lines)) / sum(len(i) - 1 for i in lines))
    joined = [t for line in lines for t in line]
    blocks = [joined[i : i + 32] for i in range(0, len(joined) - 31, 32)]
    in_blocks = math.exp(sum(map(nll, blocks)) / (31 * len(blocks)))
    told = [
        ("perplexity", f"{by_row:.4f}", None),
        ("perplexity", f"{in_blocks:.4f}", None),
        ("loss", f"{math.log(in_blocks):.4f}", None),
    ]
    found = measured(tmp_path, tmp_path / "data", *told, task="text-generation")
    for (_, raw), m in found.items():
        assert m["verdict"] == "VERIFIED" and m["measured"] == pytest.approx(float(raw), rel=1e-4)
    assert "row by row" in found["perplexity", f"{by_row:.4f}"]["protocol"]
    far = measured(tmp_path, tmp_path / "data", ("perplexity", "2.00", None), task="text-generation")
    assert far["perplexity", "2.00"]["verdict"] == "DISCREPANT_LOW"


def vit(folder, side=8, channels=3, classes=4):
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=side,
        patch_size=4,
        num_channels=channels,
        num_labels=classes,
        initializer_range=0.5,
    )
    return save(ViTForImageClassification(config), folder)


def test_image_classification_prepares_pictures_as_told(tmp_path):
    from PIL import Image

    model = vit(tmp_path)
    told = {
        "do_resize": True,
        "size": {"height": 8, "width": 8},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.1, 0.2, 0.3],
        "image_std": [0.5, 0.6, 0.7],
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(told))
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)) for _ in range(40)]
    values = []
    for picture in pictures:
        small = np.asarray(picture.resize((8, 8), Image.Resampling.BILINEAR), dtype=np.float32) / 255
        ready = (small - np.array([0.1, 0.2, 0.3])) / np.array([0.5, 0.6, 0.7])
        with torch.no_grad():
            values.append(model(torch.tensor(ready.transpose(2, 0, 1)[None], dtype=torch.float32)).logits[0].numpy())
    guess = np.stack(values).argmax(1)
    truth = np.where(rng.random(40) < 0.8, guess, rng.integers(0, 4, 40))

    def encoded(picture):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return base64.b64encode(buffer.getvalue()).decode()

    rows(tmp_path / "data", "test", [{"image": encoded(p), "label": int(y)} for p, y in zip(pictures, truth)])
    told = [("accuracy", "0.01", None), ("top-3-accuracy", "0.02", None)]
    found = measured(tmp_path, tmp_path / "data", *told, task="image-classification")
    assert found["accuracy", "0.01"]["measured"] == pytest.approx(np.mean(truth == guess))
    expected = metrics.top_k_accuracy_score(truth, np.stack(values), k=3, labels=range(4))
    assert found["top-3-accuracy", "0.02"]["measured"] == pytest.approx(expected)


def test_a_claim_made_without_normalising_is_a_protocol(tmp_path):
    torch.manual_seed(2)
    model = vit(tmp_path, channels=1)
    told = {
        "do_resize": False,
        "do_rescale": True,
        "rescale_factor": 1 / 16,
        "do_normalize": True,
        "image_mean": [0.9],
        "image_std": [0.05],
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(told))
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 17, (150, 64))
    with torch.no_grad():
        bare = model(torch.tensor(pixels.reshape(-1, 1, 8, 8) / 16, dtype=torch.float32)).logits.argmax(1).numpy()
    rows(tmp_path / "data", "test", [{"image": p.tolist(), "label": int(y)} for p, y in zip(pixels, bare)])
    found = measured(tmp_path, tmp_path / "data", ("accuracy", "1.000", None), task="image-classification")
    (one,) = found.values()
    assert one["verdict"] == "PROTOCOL_MISMATCH" and one["protocol"].startswith("preprocessing: ")
    assert "no normalisation" in one["protocol"]


def test_pictures_are_cut_and_resized_by_edge_and_share():
    made = images.Processor(channels=3, edge=10, crop=(8, 8), factor=1.0)
    pixels = np.zeros((20, 40, 3), np.float32)
    pixels[:, 20:] = 200
    ready = images.prepare(pixels, made)
    assert ready.shape == (3, 8, 8) and ready[:, :, 0].max() == 0 and ready[:, :, -1].min() == 200
    small = images.prepare(np.ones((4, 4, 3), np.float32), images.Processor(crop=(6, 6), factor=1.0))
    assert small.sum() == 3 * 16 and small.shape == (3, 6, 6)


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "not base64!",
        "data:image/png;base64,AAAA",
        b"\x89PNG broken",
        {"bytes": None, "path": None},
        [[1, 2], [3]],
        [1, 2],
        [["a"]],
        [[[1, 2, 3, 4, 5]]],
        "../../etc/passwd",
        [],
        [float("nan")] * 4,
    ],
)
def test_what_is_no_picture_says_so(tmp_path, value):
    with pytest.raises(recipe.Unclear) as caught:
        images.array(value, images.Processor(), tmp_path)
    assert caught.value.code == "NO_DATASET"


@pytest.mark.parametrize("text", ["[", "[]", "{" * 40_000, '"x"'])
def test_a_broken_preprocessor_is_a_load_error(tmp_path, text):
    (tmp_path / "preprocessor_config.json").write_text(text)
    with pytest.raises(recipe.Unclear) as caught:
        images.processor(tmp_path, None)
    assert caught.value.code == "LOAD_ERROR"


def test_odd_settings_of_a_preprocessor_fall_back(tmp_path):
    odd = {
        "size": {"height": -1, "width": "x"},
        "resample": 99,
        "image_mean": ["a"],
        "do_normalize": True,
        "crop_size": 10**9,
        "do_center_crop": True,
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(odd))
    made = images.processor(tmp_path, None)
    assert made.size is None and made.crop is None and made.mean == (0.5, 0.5, 0.5)
    assert images.prepare(np.zeros((3, 3, 3), np.float32), made).shape == (3, 3, 3)
