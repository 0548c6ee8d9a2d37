"""A filter on system calls: no new processes, no programs, no sockets, no signals to others, no way around.

Threads, files, memory and devices stay. A refused call fails with EPERM, so that a library which merely tries goes
on. The filter is a program for the kernel's packet-filter machine: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _AND_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16
_CLONE_THREAD = 0x00010000
_UNIX = 1
_SET_SECCOMP, _FILTER = 22, 2

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
#: What is refused, by number on x86_64 and on aarch64 (0 where there is no such call).
_REFUSED = {
    "fork": (57, 0), "vfork": (58, 0), "execve": (59, 221), "execveat": (322, 281),
    "connect": (42, 203), "accept": (43, 202), "accept4": (288, 242), "bind": (49, 200), "listen": (50, 201),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "tkill": (200, 130), "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "open_by_handle_at": (304, 265), "personality": (135, 92),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "acct": (163, 89),
    "swapon": (167, 224), "swapoff": (168, 225), "iopl": (172, 0), "ioperm": (173, 0),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET = (56, 220), (435, 435), (41, 198)
#: Signals: to this process only.
_SIGNALS = ((62, 129), (234, 131), (129, 138), (297, 240))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def confine(libc: ctypes.CDLL, *, unix_sockets: bool) -> None:
    """Install the filter for good; raises OSError where this machine has none.

    ``unix_sockets`` allows to make (not to connect) local sockets, as drivers of GPUs do.
    """
    machine = platform.machine()
    if machine not in _ARCHITECTURES or sys.platform != "linux":
        raise OSError(errno.ENOSYS, f"no filter is written for {machine}")
    code = _program(machine, os.getpid(), unix_sockets)
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(held, ctypes.c_void_p))
    if libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(program), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _program(machine: str, pid: int, unix_sockets: bool) -> bytes:
    """The filter: each block ends a call that it knows or passes it on to the next."""
    column = 0 if machine == "x86_64" else 1
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":  # the x32 calls are a second door to the same rooms
        lines += [(_AT_LEAST, 0, 1, 0x40000000), refuse]
    for numbers in _REFUSED.values():
        if numbers[column]:
            lines += [(_EQUAL, 0, 1, numbers[column]), refuse]
    # glibc falls back to clone, whose flags can be looked at; those of clone3 lie in memory.
    lines += [(_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    lines += [(_EQUAL, 0, 4, _CLONE[column]), (_LOAD, 0, 0, _FIRST), (_AND_SET, 0, 1, _CLONE_THREAD), allow, refuse]
    for signal in _SIGNALS:
        lines += [(_EQUAL, 0, 4, signal[column]), (_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, pid), allow, refuse]
    family = _UNIX if unix_sockets else 0xFFFF
    lines += [(_EQUAL, 0, 4, _SOCKET[column]), (_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, family), allow, refuse]
    lines.append(allow)
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
