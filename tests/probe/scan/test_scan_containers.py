"""A malicious pickle in everything that models come in, and containers that lie about what they hold."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import time
import warnings
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_corpus import OS, OS4, PLAIN, carriers, npy, patched, safetensors, seven, tar, torch_zip

from probe.scan import Budget, scan_bytes

FLAGGED = ("suspicious", "dangerous")
CARRIERS = carriers()
#: Carriers whose payload has to be found, not just some oddity of the wrapping.
WRAPPINGS = {
    "slip",
    "absolute",
    "drive",
    "hdr",
    "lambda",
    "ssti",
    "tokenizer_config",
    "config",
    "trav",
    "elf",
    "aes",
    "structured",
}


def rules_of(data: bytes, name: str = "m.pt", budget: Budget | None = None) -> set[str]:
    return {finding.rule for finding in scan_bytes(data, name, budget).findings if finding.severity}


@pytest.mark.parametrize("name", sorted(CARRIERS))
def test_carrier(name):
    report = scan_bytes(CARRIERS[name], name)
    assert report.verdict in FLAGGED
    assert not [finding for finding in report.findings if finding.rule == "scan-failed"]
    if name.partition(".")[0] not in WRAPPINGS:
        assert any(finding.rule in ("pickle-dangerous-global", "pickle-hidden") for finding in report.findings)


@pytest.mark.parametrize("name", sorted(carriers(PLAIN)))
def test_the_same_wrapping_with_plain_data_holds_no_dangerous_pickle(name):
    if name != "noext0":
        found = {finding.rule for finding in scan_bytes(carriers(PLAIN)[name], name).findings}
        assert not found & {"pickle-dangerous-global", "pickle-hidden"}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("flag1.pt", "zip-headers-disagree"),
        ("flag1b.pt", "zip-false-flag"),
        ("flag20.pt", "zip-false-flag"),
        ("flag40.pt", "zip-false-flag"),
        ("crc.pt", "zip-wrong-crc"),
        ("cdname.pt", "zip-headers-disagree"),
        ("prefix.pt", "zip-prefix"),
        ("nodirectory.pt", "zip-no-directory"),
        ("hidden.pt", "zip-hidden-member"),
        ("slip.zip", "zip-slip"),
        ("drive.zip", "zip-slip"),
        ("slip.tar", "tar-slip"),
        ("m7z.pt", "disguise-other-format"),
        ("aes.pt", "7z-unreadable"),
        ("fake.safetensors", "disguise-other-format"),
        ("hdr.safetensors", "disguise-not-the-format"),
        ("elf.zip", "disguise-native-code"),
    ],
)
def test_lie(name, rule):
    assert rule in rules_of(CARRIERS[name], name)


def test_honest_containers_are_clean():
    for name, data in {
        "m.pt": torch_zip(PLAIN),
        "z.pt": torch_zip(PLAIN, zipfile.ZIP_DEFLATED),
        "m.7z": seven({"a.txt": b"hello"}, "lzma", True),
        "m.tar": tar(("a/b.txt", b"hello"), ("c.pkl", PLAIN)),
        "m.pkl.gz": gzip.compress(PLAIN),
        "m.joblib": zlib.compress(PLAIN),
        "m.npy": npy(bytes(8), "<f8"),
        "m.safetensors": safetensors(),
        "empty.zip": b"PK\x05\x06" + bytes(18),
        "m.bin": bytes(1000),
        "empty.pt": b"",
    }.items():
        assert scan_bytes(data, name).verdict == "clean", (name, scan_bytes(data, name).findings)


def test_streamed_zip_with_descriptors_is_clean():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.made = b""

        def writable(self):
            return True

        def write(self, data):
            self.made += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"hello" * 100)
        archive.writestr("b.pkl", PLAIN)
    assert struct.unpack_from("<H", pipe.made, 6)[0] & 8
    assert scan_bytes(pipe.made, "a.zip").verdict == "clean"


def test_zip_with_a_password_is_an_error_not_an_accusation():
    # Both headers say encrypted, and the bytes are not what the checksum says.
    archive = patched(torch_zip(PLAIN), b"\x01", b"\x01", 6)
    at = archive.index(PLAIN)
    scrambled = archive[:at] + bytes(byte ^ 0x5A for byte in PLAIN) + archive[at + len(PLAIN) :]
    report = scan_bytes(scrambled, "a.zip")
    assert (report.verdict, rules_of(scrambled, "a.zip")) == ("error", {"zip-encrypted"})


def test_two_members_of_one_name():
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("a.pkl", PLAIN)
            archive.writestr("a.pkl", OS4)
    assert {"zip-duplicate-name", "pickle-dangerous-global"} <= rules_of(made.getvalue())


def test_members_that_share_bytes():
    one = torch_zip(PLAIN)
    at = one.index(b"PK\x01\x02")
    entry = one[at : at + 46 + len("archive/data.pkl")]
    twin = entry[:46] + b"archive/twin.pkl"
    made = one[:at] + twin + one[at:-22]
    size = len(made) - at
    made += struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 5, 5, size, at, 0)
    assert "zip-overlap" in rules_of(made)


def test_links_and_devices_in_archives():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, kind, target in (
            ("in", "SYM", "a/b"),
            ("out", "SYM", "../../etc"),
            ("d", "CHR", ""),
            ("h", "LNK", "/etc/x"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = getattr(tarfile, kind + "TYPE"), target
            archive.addfile(info)
    report = scan_bytes(made.getvalue(), "a.tar")
    told = {(finding.rule, finding.where.rpartition(":")[2]) for finding in report.findings}
    assert told == {("tar-link", "in"), ("tar-slip", "out"), ("tar-special", "d"), ("tar-slip", "h")}

    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert rules_of(zipped.getvalue()) == {"zip-slip"}


@pytest.mark.parametrize("style", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names_in_tars(style):
    made, name = (
        io.BytesIO(),
        "/".join(["folder"] * 20) + "/" + ("x" * (60 if style == tarfile.USTAR_FORMAT else 200)),
    )
    with tarfile.open(fileobj=made, mode="w", format=style) as archive:
        info = tarfile.TarInfo(name)
        info.size = len(OS4)
        archive.addfile(info, io.BytesIO(OS4))
    (finding,) = (
        one for one in scan_bytes(made.getvalue(), "a.tar").findings if one.rule == "pickle-dangerous-global"
    )
    assert name in finding.where


@pytest.mark.parametrize("method", ["copy", "lzma", "lzma2", "bzip2", "deflate", "zstd"])
@pytest.mark.parametrize("packed", [False, True])
def test_7z_methods(method, packed):
    data = seven({"a.txt": b"hello", "b/c.pkl": OS4, "d.txt": b"x" * 999}, method, packed)
    (finding,) = (one for one in scan_bytes(data, "a.7z").findings if one.rule == "pickle-dangerous-global")
    assert finding.where.startswith("a.7z!b/c.pkl")


@given(st.sampled_from(sorted(CARRIERS)), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_damaged_containers_never_crash(name, rng):
    data = bytearray(CARRIERS[name])
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data))
        data[at] = rng.randrange(256)
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    report = scan_bytes(bytes(data), name, Budget(seconds=20, unpacked=64 << 20, member=32 << 20))
    assert not [finding for finding in report.findings if finding.rule == "scan-failed"], report.findings


def test_a_pickle_in_the_midst_of_anything():
    for payload in (OS4, OS):
        data = bytes(range(1, 255)) * 9 + payload + bytes(999)
        assert rules_of(data, "weights.bin") == {"embedded-pickle"}
    assert rules_of(bytes(range(1, 255)) * 9 + PLAIN + bytes(999), "weights.bin") == set()


# Caps


def test_zip_bomb_meets_the_cap_and_hides_nothing():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(40 << 20))
        archive.writestr("data.pkl", OS4)
    small = Budget(member=1 << 20, unpacked=8 << 20)
    assert {"scan-cap"} <= rules_of(made.getvalue(), "a.zip", small)
    # The other member lies behind the bomb in the same archive.
    assert scan_bytes(made.getvalue(), "a.zip", small).verdict in FLAGGED


def test_endless_gzip_meets_the_cap():
    data = gzip.compress(bytes(64 << 20))
    begun = time.monotonic()
    assert rules_of(data, "a.gz", Budget(member=1 << 20)) == {"scan-cap"}
    assert time.monotonic() - begun < 5


def test_layers_meet_the_cap():
    data = OS4
    for _ in range(30):
        data = gzip.compress(data)
    assert "scan-cap" in rules_of(data, "a.gz")
    assert "pickle-dangerous-global" in rules_of(data, "a.gz", Budget(depth=40))


def test_ten_thousand_archives_in_one():
    inner, made = torch_zip(PLAIN), io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(10_000):
            archive.writestr(f"{number}.zip", inner)
    begun = time.monotonic()
    assert scan_bytes(made.getvalue(), "a.zip", Budget(seconds=30)).verdict == "clean"
    assert time.monotonic() - begun < 30
    assert "scan-cap" in rules_of(made.getvalue(), "a.zip", Budget(members=500))


def test_time_is_a_cap():
    data = b"\x80\x04" + b"K\x01" * 20_000_000 + b"."
    begun = time.monotonic()
    assert rules_of(data, "a.pkl", Budget(seconds=0.2)) == {"scan-timeout"}
    assert time.monotonic() - begun < 3
