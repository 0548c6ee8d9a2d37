"""What a dotted Python name in a configuration would reach, judged by name alone: nothing is imported."""

from __future__ import annotations

import re
import sys
from typing import Literal

from probe.scan.readers import words

Judgement = Literal["plain", "unlisted", "dangerous"]

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
_PLAIN_BUILTINS = words(
    "bool bytes complex dict float frozenset int list set slice str tuple range len min max abs sum round object "
    "type bytearray function ellipsis NoneType print zip map filter sorted enumerate any all"
)
# Modules of the standard library whose members are data types and arithmetic.
_PLAIN_STDLIB = words(
    "collections datetime math decimal fractions enum dataclasses uuid numbers statistics string typing array "
    "random zoneinfo calendar cmath heapq bisect copy abc"
)
_PLAIN_NAMES = frozenset({"functools.partial", "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath"})
# Members that load, run or fetch whatever module they stand in.
_DANGEROUS_MEMBERS = words(
    "eval exec execfile compile system popen Popen check_output check_call call_subprocess spawn getoutput "
    "getstatusoutput import_module __import__ run_module run_path load_module exec_module load_library "
    "load_op_library load_module_from_file runstring get_file download_url download_url_to_file urlretrieve "
    "urlopen enable_unsafe_deserialization read_pickle load_pickle unpickle pickle_load py_func py_function "
    "numpy_function rmtree unlink remove_file CDLL LoadLibrary resolve_name load_inline"
)
_DANGEROUS_NAMES = words(
    "torch.load torch.hub.load torch.hub.load_state_dict_from_url torch.jit.load torch.package.PackageImporter "
    "torch.utils.cpp_extension.load torch.serialization.load torch.classes.load_library torch.ops.load_library "
    "numpy.load numpy.fromfile numpy.memmap joblib.load pandas.eval pandas.read_pickle cloudpickle.loads dill.loads "
    "dill.load hydra.utils.get_method hydra.utils.get_object hydra.utils.instantiate keras.models.load_model "
    "keras.saving.load_model keras.utils.get_file keras.config.enable_unsafe_deserialization "
    "tensorflow.io.write_file tensorflow.io.read_file tensorflow.io.gfile.GFile tensorflow.saved_model.load "
    "tensorflow.keras.models.load_model tensorflow.keras.utils.get_file"
)
_DANGEROUS_MODULES = frozenset({"numpy.f2py", "numpy.ctypeslib", "numpy.testing", "pip", "setuptools", "distutils"})
_PLAIN_ROOTS = words(
    "keras keras_core tf_keras tensorflow numpy torch sklearn scipy transformers diffusers sentence_transformers "
    "nemo pytorch_lightning lightning lightning_fabric torchmetrics torchaudio torchvision megatron omegaconf "
    "keras_nlp keras_hub keras_cv keras_tuner tensorflow_addons tensorflow_probability tensorflow_hub jax flax "
    "optax peft optimum safetensors tokenizers tensorflow_model_optimization tf_agents tensorflow_text onnxruntime "
    "fairseq fairseq2 mlflow pandas skl2onnx xgboost lightgbm catboost quantile_forest nv_one_logger"
)


def judge(name: str) -> Judgement:
    """``dangerous``: runs code, loads files or reaches the system, or is no name at all; ``plain``: a member of a
    well-known library of models or a data type; else ``unlisted``.
    """
    name = name.strip()
    if not _NAME.match(name):
        return "dangerous" if re.search(r"[()/\\;\s]|\.\.|__", name) else "unlisted"
    parts = name.split(".")
    root, last = parts[0], parts[-1]
    if name in _PLAIN_NAMES:
        return "plain"
    if root in ("builtins", "__builtin__", "__builtins__"):
        return "plain" if len(parts) == 1 or (len(parts) == 2 and last in _PLAIN_BUILTINS) else "dangerous"
    if last in _DANGEROUS_MEMBERS or name in _DANGEROUS_NAMES or any(_dunder(part) for part in parts[:-1]):
        return "dangerous"
    if root in _DANGEROUS_MODULES or ".".join(parts[:2]) in _DANGEROUS_MODULES:
        return "dangerous"
    # A library's own import of os, sys, ... reached through it ("posixpath.os.system", "torch.os.popen").
    if any(part in ("os", "sys", "subprocess", "importlib", "shutil", "ctypes", "builtins") for part in parts[1:]):
        return "dangerous"
    if root in sys.stdlib_module_names:
        return "plain" if root in _PLAIN_STDLIB else "dangerous"
    return "plain" if root in _PLAIN_ROOTS else "unlisted"


def _dunder(part: str) -> bool:
    return part.startswith("__") and part.endswith("__") and part not in ("__main__", "__torch__")


def is_name(name: str) -> bool:
    """Whether the text has the form of a dotted Python name."""
    return _NAME.match(name) is not None
