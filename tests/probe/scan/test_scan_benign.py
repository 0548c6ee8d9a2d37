"""Real models of real libraries: none may be flagged."""

from __future__ import annotations

import argparse
import collections
import io
import pickle
import warnings

import numpy as np
import pytest

from probe.scan import scan_bytes

FINE = ("clean", "unlisted")


def check(data: bytes, name: str, most: str = "unlisted") -> None:
    report = scan_bytes(data, name)
    worst = [finding for finding in report.findings if finding.severity]
    assert report.verdict in (FINE if most == "unlisted" else ("clean",)), worst


def estimators():
    pytest.importorskip("sklearn", reason="estimators are scikit-learn's")
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.svm import SVC

    x, y = np.random.RandomState(0).rand(60, 4), np.arange(60) % 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            estimator.fit(x, y)
            for estimator in (
                LogisticRegression(), SGDClassifier(), Ridge(), RandomForestClassifier(3),
                GradientBoostingClassifier(n_estimators=2), HistGradientBoostingClassifier(max_iter=2), SVC(),
                KNeighborsClassifier(algorithm="kd_tree"), GaussianNB(), MLPClassifier((3,), max_iter=3), PCA(2),
                KMeans(2, n_init=1), GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=2),
                make_pipeline(StandardScaler(), OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
            )
        ]  # fmt: skip


def test_estimators(tmp_path):
    joblib = pytest.importorskip("joblib", reason="scikit-learn's own format")
    for estimator in estimators():
        for protocol in (2, 5):
            check(pickle.dumps(estimator, protocol), "m.pkl", "clean")
        for compress in (0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)):
            joblib.dump(estimator, tmp_path / "m.joblib", compress=compress)
            check((tmp_path / "m.joblib").read_bytes(), "m.joblib", "clean")


def test_arrays_between_the_opcodes(tmp_path):
    joblib = pytest.importorskip("joblib", reason="writes arrays between the opcodes")
    value = {
        "floats": np.arange(100_000.0), "objects": np.array([{1: 2}, "a", None], dtype=object),
        "text": np.array(["abc", "de"]), "fortran": np.asfortranarray(np.eye(300)), "flags": np.zeros(5, bool),
        "records": np.zeros(4, dtype=[("a", "i4"), ("b", "f8")]), "none": np.zeros((0, 3)), "one": np.array(3.5),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "opcodes": np.frombuffer(b"cos\nsystem\n(S'x'\ntR." * 40, "u1"),
    }  # fmt: skip
    for protocol in (2, 4, 5):
        joblib.dump(value, tmp_path / "m.joblib", protocol=protocol)
        check((tmp_path / "m.joblib").read_bytes(), "m.joblib", "clean")


def test_arrays_of_objects_between_the_opcodes_are_read(tmp_path):
    joblib = pytest.importorskip("joblib", reason="writes arrays between the opcodes")

    class Payload:
        def __reduce__(self):
            return eval, ("1",)

    joblib.dump([np.array([Payload()], dtype=object), np.zeros(3), Payload()], tmp_path / "m.joblib")
    report = scan_bytes((tmp_path / "m.joblib").read_bytes(), "m.joblib")
    assert report.verdict == "dangerous"
    joblib.dump([np.zeros(1000), Payload()], tmp_path / "m.joblib")
    assert scan_bytes((tmp_path / "m.joblib").read_bytes(), "m.joblib").verdict == "dangerous"


@pytest.mark.parametrize("protocol", range(6))
def test_numpy(protocol):
    values = [
        np.arange(9.0), np.float32(1), np.int64(2), np.bool_(True), np.zeros(3, dtype=[("a", "i4")]),
        np.array([{"a": 1}], dtype=object), np.ma.array([1, 2], mask=[0, 1]), np.datetime64("2020-01-01"),
        np.random.RandomState(0), np.random.default_rng(0), np.random.Philox(1), np.random.get_state(),
    ]  # fmt: skip
    for value in values:
        check(pickle.dumps(value, protocol), "m.pkl", "clean")


def test_numpy_files():
    for value in (np.eye(3), np.array([{1: 2}], dtype=object), np.zeros(2, dtype=[("a", "f4", (2,)), ("b", "S3")])):
        made = io.BytesIO()
        np.save(made, value)
        check(made.getvalue(), "m.npy", "clean")
        made = io.BytesIO()
        np.savez_compressed(made, a=value)
        check(made.getvalue(), "m.npz", "clean")


def test_sparse_and_tables():
    sparse = pytest.importorskip("scipy.sparse", reason="sparse matrices")
    pandas = pytest.importorskip("pandas", reason="tables")
    check(
        pickle.dumps([sparse.csr_matrix(np.eye(3)), sparse.coo_array(np.eye(3)), sparse.lil_matrix(np.eye(2))]),
        "m.pkl",
        "clean",
    )
    frame = pandas.DataFrame(
        {"a": [1, 2], "b": ["x", "y"], "c": pandas.to_datetime(["2020", "2021"]), "d": pandas.Categorical(["u", "v"])}
    )
    index = pandas.MultiIndex.from_product([[1], [2]])
    for protocol in (2, 4, 5):
        check(
            pickle.dumps([frame, frame.a, frame.index, index, pandas.Timestamp(0), pandas.NaT], protocol),
            "m.pkl",
            "clean",
        )


def saved(value, **options) -> bytes:
    import torch

    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(value, made, **options)
    return made.getvalue()


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "legacy"])
def test_torch(options):
    torch = pytest.importorskip("torch", reason="checkpoints are torch's")
    nn = torch.nn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(4, 2), nn.LSTM(2, 2),
            nn.TransformerEncoderLayer(4, 2, 8), nn.Embedding(3, 4), nn.LayerNorm(3), nn.GELU(),
        )  # fmt: skip
        optimiser = torch.optim.AdamW(net.parameters())
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 3)
        quantised = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)
        row = torch.eye(3).to_sparse_csr()
    kinds = [
        torch.zeros(2, dtype=kind)
        for kind in (torch.float16, torch.bfloat16, torch.int8, torch.bool, torch.complex64)
    ]
    checkpoint = {
        "model": net.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(), "epoch": 3,
        "args": argparse.Namespace(lr=1), "rng": torch.get_rng_state(), "numpy": np.random.get_state(),
    }  # fmt: skip
    for value in (
        net.state_dict(), checkpoint, kinds,
        [torch.float32, torch.device("cpu"), torch.Size([1]), nn.Parameter(torch.ones(2))],
        quantised, [torch.eye(3).to_sparse(), row], [optimiser, schedule], collections.OrderedDict(a=torch.ones(3)),
    ):  # fmt: skip
        check(saved(value, **options), "m.pt", "clean")
    check(saved(net, **options), "m.pt", "clean")


def test_torchscript():
    torch = pytest.importorskip("torch", reason="TorchScript is torch's")
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())), made)
    check(made.getvalue(), "m.pt")


def test_tensor_pickled_plainly():
    torch = pytest.importorskip("torch", reason="tensors are torch's")
    check(pickle.dumps([torch.ones(3), torch.zeros(2)]), "m.pkl")
