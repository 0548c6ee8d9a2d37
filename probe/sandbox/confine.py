"""Giving up rights, one after the other and for good. What this machine does not give is told, never passed over."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from probe.sandbox import hook, landlock, seccomp

_NEWUSER, _NEWNET, _NEWIPC = 0x10000000, 0x40000000, 0x08000000
_PDEATHSIG, _NO_NEW_PRIVS = 1, 38
_CAPSET, _CAP_VERSION = {"x86_64": 126, "aarch64": 91}, 0x20080522
_FILES = 512
#: What a process of Python needs to read besides its own folders: libraries, time zones, facts of the machine.
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/proc", "/sys", "/dev/null", "/dev/zero", "/dev/urandom",
    "/dev/random", "/nix/store", "/run/opengl-driver", "/System", "/Library", "/private/etc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a child may touch and use. Sizes in bytes; ``memory`` is beyond what the process has already."""

    scratch: Path
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    packages: tuple[Path, ...]
    memory: int
    written: int
    cpu_seconds: int


def _libraries(bounds: Bounds) -> list[Path]:
    """Where Python's libraries are; of the folder that holds our packages only those themselves."""
    ours = {package.parent for package in bounds.packages}
    found = (Path(path) for path in (sys.prefix, sys.base_prefix, *sys.path) if path)
    return [path for path in found if path.is_absolute() and path not in ours]


def devices() -> list[Path]:
    """The device files of GPUs on this machine."""
    found = [*Path("/dev").glob("nvidia*"), Path("/dev/nvidia-caps"), Path("/dev/kfd"), Path("/dev/dri")]
    return [path for path in found if path.exists()]


def confine(bounds: Bounds) -> list[str]:
    """Confine this process; it must have one thread. The protections that could not be had, each with its reason."""
    missing: list[str] = []
    gpus = devices()

    def attempt(name: str, step: Callable[[], object]) -> bool:
        try:
            step()
        except (OSError, ValueError, AttributeError, ctypes.ArgumentError) as error:
            missing.append(f"{name}: {error}")
            return False
        return True

    _resources(bounds, bool(gpus), attempt)
    reading = [*_libraries(bounds), *map(Path, _SYSTEM), *bounds.packages, *bounds.readable]
    writing = [bounds.scratch, *bounds.writable]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
        attempt("network namespace", lambda: _namespaces(libc))
        attempt("capabilities", lambda: _drop_capabilities(libc))
        attempt("no new privileges", lambda: _checked(libc.prctl(_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0)))))
        files = attempt("read-only files", lambda: landlock.confine(libc, reading, writing, gpus))
        calls = attempt("system calls", lambda: seccomp.confine(libc, unix_sockets=bool(gpus)))
        if files and landlock.version(libc) < 4 and not calls:
            missing.append("network: this Landlock knows no rules for it")
    else:
        files = False
        missing.append(f"kernel: on {sys.platform} there is Python's own fence only")
    hook.install(
        [str(path) for path in writing],
        [] if files else [str(path) for path in reading],
        [str(path) for path in bounds.readable],
        [str(path) for path in gpus],
    )
    return missing


def _resources(bounds: Bounds, gpus: bool, attempt: Callable[[str, Callable[[], object]], bool]) -> None:
    size, seconds = bounds.written, bounds.cpu_seconds
    for name, kind, soft, hard in (
        ("core dumps", resource.RLIMIT_CORE, 0, 0),
        ("file size", resource.RLIMIT_FSIZE, size, size),
        ("open files", resource.RLIMIT_NOFILE, _FILES, _FILES),
        ("processor time", resource.RLIMIT_CPU, seconds, seconds + 5),
    ):
        attempt(name, partial(resource.setrlimit, kind, (soft, hard)))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if gpus:
        return  # a driver maps far more than it uses: the watch over resident memory has to do
    most = held() + bounds.memory
    attempt("memory", lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most)))


def held() -> int:
    """Bytes of private writable memory that this process has mapped (what RLIMIT_DATA counts)."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 1 << 30


def _namespaces(libc: ctypes.CDLL) -> None:
    """An own network without interfaces, an own user without rights outside."""
    user, group = os.geteuid(), os.getegid()
    _checked(libc.unshare(ctypes.c_int(_NEWUSER | _NEWNET | _NEWIPC)))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        try:
            Path(f"/proc/self/{name}").write_text(text)
        except OSError:
            return  # without a name of its own the user is nobody, which is as well


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    number = _CAPSET.get(os.uname().machine)
    if number is None:
        raise OSError(0, "not known how on this machine")
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    _checked(libc.syscall(ctypes.c_long(number), ctypes.byref(header), ctypes.byref(none)))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
