"""Files of a repository copy, and archives of them as a forge makes them, honest or hostile."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

Files = dict[str, bytes]
#: What an archive can be made to hold beside its files.
HOSTILE = ("paths", "links", "devices", "bomb", "crowd")
BOMB_BYTES = 17 << 30
CROWD = 100_000
_BLOCK = 64 << 20


def files_of(copy: Path) -> Files:
    """The regular files of a folder, a tar, a zip or a single file; the folder around an archive is left out."""
    if copy.is_dir():
        return {path.relative_to(copy).as_posix(): path.read_bytes() for path in sorted(_walk(copy))}
    if zipfile.is_zipfile(copy):
        return _unwrapped(dict(_zipped(copy)))
    if tarfile.is_tarfile(copy):
        return _unwrapped(dict(_tarred(copy)))
    body = copy.read_bytes()
    return {copy.name.removesuffix(".gz"): gzip.decompress(body) if copy.suffix == ".gz" else body}


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (path for name in names if (path := Path(here, name)).is_file() and not path.is_symlink())


def _zipped(copy: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(copy) as archive:
        for entry in archive.infolist():
            if not entry.is_dir():
                yield entry.filename, archive.read(entry)


def _tarred(copy: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(copy) as archive:
        for member in archive:
            if member.isreg() and (stream := archive.extractfile(member)) is not None:
                yield member.name.removeprefix("./"), stream.read()


def _unwrapped(files: Files) -> Files:
    tops = {name.partition("/")[0] for name in files}
    if len(tops) != 1 or not all("/" in name for name in files):
        return files
    return {name.partition("/")[2]: body for name, body in files.items()}


def commit_of(name: str, files: Mapping[str, bytes]) -> str:
    """A commit as Git writes them, of the content alone: the same files are the same commit."""
    total = hashlib.sha1(name.lower().encode(), usedforsecurity=False)
    for path, body in sorted(files.items()):
        total.update(f"{path}\0{len(body)}\0".encode("utf-8", "surrogatepass"))
        total.update(body)
    return total.hexdigest()


def pack(top: str, commit: str, files: Mapping[str, bytes], hostile: tuple[str, ...] = ()) -> bytes:
    """The archive: one folder around everything, and the commit in a global header, as ``git archive`` writes it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": commit}) as archive:
        _folder(archive, top)
        for path, body in sorted(files.items()):
            _file(archive, f"{top}/{path}", body)
        for kind in hostile:
            _ADD[kind](archive, top) if kind in _ADD else None
    packed = raw.getvalue()
    return _bomb(packed, top) if "bomb" in hostile else gzip.compress(packed, 6, mtime=0)


def _folder(archive: tarfile.TarFile, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o775
    archive.addfile(entry)


def _file(archive: tarfile.TarFile, name: str, body: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(body), 0o664
    archive.addfile(entry, io.BytesIO(body))


def _paths(archive: tarfile.TarFile, top: str) -> None:
    """Names that lead outside, or into what they are not."""
    for name in (
        f"{top}/../../evil.md",
        "/etc/evil.md",
        "../evil.md",
        f"{top}/..\\evil.md",
        "C:/evil.md",
        f"{top}//x/../y.md",
    ):
        _file(archive, name, b"# evil\n")
    _file(archive, f"{top}/{'a' * 2_000}.md", b"# long\n")


def _links(archive: tarfile.TarFile, top: str) -> None:
    """Links to what is not the archive's, and a file below one of them."""
    for name, kind, target in (
        ("passwd.md", tarfile.SYMTYPE, "/etc/passwd"),
        ("up", tarfile.SYMTYPE, "../../.."),
        ("hard.md", tarfile.LNKTYPE, "/etc/hostname"),
        ("round.md", tarfile.SYMTYPE, "round.md"),
    ):
        entry = tarfile.TarInfo(f"{top}/{name}")
        entry.type, entry.linkname = kind, target
        archive.addfile(entry)
    _file(archive, f"{top}/up/evil.md", b"# evil\n")


def _devices(archive: tarfile.TarFile, top: str) -> None:
    """What is no file at all."""
    for name, kind in (("null.md", tarfile.CHRTYPE), ("disk.md", tarfile.BLKTYPE), ("pipe.md", tarfile.FIFOTYPE)):
        entry = tarfile.TarInfo(f"{top}/{name}")
        entry.type, entry.devmajor, entry.devminor = kind, 1, 3
        archive.addfile(entry)


def _crowd(archive: tarfile.TarFile, top: str) -> None:
    """More entries than anybody wants."""
    for number in range(CROWD):
        _file(archive, f"{top}/crowd/{number // 1000}/{number}.txt", b"x")


_ADD = {"paths": _paths, "links": _links, "devices": _devices, "crowd": _crowd}


def _bomb(packed: bytes, top: str) -> bytes:
    """The archive with a file of zeros at its end, packed ten thousand times smaller than it is.

    The zeros are one deflated block, repeated; the checksum at the very end is wrong, but nobody should get there.
    """
    entry = tarfile.TarInfo(f"{top}/bomb.md")
    entry.size = BOMB_BYTES
    head = entry.tobuf(tarfile.PAX_FORMAT)
    start, block = (zlib.compressobj(9, zlib.DEFLATED, -15) for _ in range(2))
    end = packed.rstrip(b"\0")
    whole = end + bytes(-len(end) % tarfile.BLOCKSIZE) + head
    first = start.compress(whole) + start.flush(zlib.Z_FULL_FLUSH)
    zeros = block.compress(bytes(_BLOCK)) + block.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = last.compress(bytes(2 * tarfile.BLOCKSIZE)) + last.flush()
    gz = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
    return gz + first + zeros * (BOMB_BYTES // _BLOCK) + tail + struct.pack("<II", 0, BOMB_BYTES & 0xFFFFFFFF)
