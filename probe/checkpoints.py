"""Loading an untrusted checkpoint: transformers' own architectures, plain tensors, local files, and nothing else.

Call it in a child process (:mod:`probe.sandbox`): what is refused here costs little, and what goes wrong all the same
costs a child.
"""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landing.errors import OperationalError
from probe.loading.config import built_config, chosen_class, cleaned
from probe.loading.files import read_object
from probe.loading.refusal import Refused, brief
from probe.loading.tokenizer import read_tokenizer
from probe.loading.weights import Weights, read_weights

__all__ = ["Loaded", "Refused", "load"]

#: Up to so many parameters a model runs in float32, whatever its files hold.
_WHOLE = 2_000_000_000
#: Tensors that an older checkpoint may lack: they are counted, not learned.
_OPTIONAL = ("position_ids", "token_type_ids", "inv_freq")


@dataclass(slots=True)
class Loaded:
    """A model that is ready to be asked: in evaluation mode, without gradients, on its device.

    ``tokenizer`` is None where the folder has none (image models). ``config`` is config.json as it stands in the
    folder. ``kind`` is the task of its head (``text-classification``, ``fill-mask``, ..., ``other``). ``facts`` says
    what was loaded: ``architecture, parameters, dtype, device, format, files, missing, unexpected, remote_code``
    (the repository brings code of its own, which was not used), ``seconds``.
    """

    model: Any
    tokenizer: Any | None
    config: dict[str, Any]
    kind: str
    facts: dict[str, Any] = field(default_factory=dict)


def load(
    folder: Path,
    *,
    kind: str | None = None,
    device: str | None = None,
    dtype: Any = None,
    most_bytes: int = 16 << 30,
) -> Loaded:
    """Load the checkpoint in ``folder``.

    ``kind`` asks for the class with that head (a pipeline task such as ``text-classification``); without it the
    class is the one that config.json names. ``device`` is CUDA where there is one. ``dtype`` (a torch dtype or its
    name) is float32 for models of up to two billion parameters and what the files hold beyond. Weights of more than
    ``most_bytes`` are not read. Raises :class:`Refused`, and OperationalError where the ``probe`` extra is missing.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch
        import transformers
    except ImportError as error:
        raise OperationalError('This needs torch and transformers: pip install "hubcensus[probe]".') from error
    begun = time.monotonic()
    _quiet(transformers)
    stated = read_object(folder / "config.json")
    if stated is None:
        raise Refused("LOAD_ERROR", "There is no config.json.")
    config = cleaned(stated)
    cls, kind = chosen_class({**config, "auto_map": stated.get("auto_map")}, kind)
    settings = built_config(cls, config)
    expected = _expected(cls, settings, most_bytes)
    weights = read_weights(folder, most_bytes)
    if expected > 2 * weights.elements + 1_000_000:
        reason = f"config.json describes {expected} parameters, the files hold {weights.elements}."
        raise Refused("LOAD_ERROR", reason)
    tokenizer = read_tokenizer(folder, settings)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    # What pools hidden states is no part of them, and a masked language model has none.
    optional = (*_OPTIONAL, "pooler") if kind == "feature-extraction" else _OPTIONAL
    model, facts = _filled(cls, settings, weights, _dtype(dtype, weights, torch), optional)
    model = model.eval().requires_grad_(False).to(device)
    facts |= {
        "architecture": cls.__name__,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": str(device),
        "format": weights.form,
        "files": weights.files,
        "remote_code": bool(stated.get("auto_map")),
        "seconds": round(time.monotonic() - begun, 3),
    }
    return Loaded(model, tokenizer, stated, kind, facts)


def _quiet(transformers: Any) -> None:
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def _expected(cls: type[Any], settings: Any, most_bytes: int) -> int:
    """Elements that the configuration describes, counted on the meta device: nothing is allocated."""
    import torch

    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = cls(settings)
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("LOAD_ERROR", f"config.json describes no model: {brief(error)}.") from error
    count = sum(int(tensor.numel()) for tensor in model.state_dict().values())
    if 2 * count > most_bytes:
        raise Refused("TOO_LARGE", f"config.json describes {count} parameters.")
    return count


def _dtype(asked: Any, weights: Weights, torch: Any) -> Any:
    if asked is not None:
        found = getattr(torch, str(asked).removeprefix("torch."), None)
        if not isinstance(found, torch.dtype) or not found.is_floating_point:
            raise Refused("ARCH_UNSUPPORTED", f"{asked!r} is no type of numbers to compute with.")
        return found
    return torch.float32 if weights.elements <= _WHOLE else "auto"


def _filled(
    cls: type[Any], settings: Any, weights: Weights, dtype: Any, optional: tuple[str, ...]
) -> tuple[Any, dict[str, Any]]:
    """The model with its tensors; raises :class:`Refused` where one is missing or has another shape."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, told = cls.from_pretrained(
                None,
                config=settings,
                state_dict=weights.tensors,
                dtype=dtype,
                output_loading_info=True,
                local_files_only=True,
                ignore_mismatched_sizes=False,
            )
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("LOAD_ERROR", f"The weights do not fit {cls.__name__}: {brief(error)}.") from error
    missing = sorted(map(str, told.get("missing_keys", ())))
    wrong = sorted(map(str, told.get("mismatched_keys", ())))
    needed = [name for name in missing if not any(word in name for word in optional)]
    if needed or wrong:
        names = ", ".join(name[:80] for name in (needed or wrong)[:3])
        what = "are missing" if needed else "have another shape"
        raise Refused("LOAD_ERROR", f"{len(needed or wrong)} tensors of {cls.__name__} {what}: {names}.")
    unexpected = sorted(map(str, told.get("unexpected_keys", ())))
    return model, {"missing": missing[:20], "unexpected": unexpected[:20]}
