"""Specimens for the scanner: malicious ones put together opcode by opcode, and harmless ones that look alike.

Payloads do nothing (``true``, ``pass``); nothing here is ever loaded. ``MALICIOUS`` are the patterns, ``carriers``
puts one of them into everything that a model comes in, ``archives`` are containers that lie about themselves.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
import zlib

import zstandard

NONE, STOP, MARK, TUPLE, REDUCE, EMPTY, POP, MEMO = b"N", b".", b"(", b"t", b"R", b")", b"0", b"\x94"


def u(text: str) -> bytes:
    """SHORT_BINUNICODE."""
    raw = text.encode()
    return b"\x8c" + bytes([len(raw)]) + raw if len(raw) < 256 else b"X" + struct.pack("<I", len(raw)) + raw


def b(raw: bytes) -> bytes:
    """SHORT_BINBYTES or BINBYTES."""
    return b"C" + bytes([len(raw)]) + raw if len(raw) < 256 else b"B" + struct.pack("<I", len(raw)) + raw


def g(module: str, name: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def sg(module: str, name: str) -> bytes:
    """STACK_GLOBAL."""
    return u(module) + u(name) + b"\x93"


def tup(*values: bytes) -> bytes:
    """A tuple of what the given opcodes push."""
    return MARK + b"".join(values) + TUPLE if values else EMPTY


def call(function: bytes, *arguments: bytes) -> bytes:
    """REDUCE."""
    return function + tup(*arguments) + REDUCE


def p(body: bytes, protocol: int = 4) -> bytes:
    """A whole pickle."""
    return (b"\x80" + bytes([protocol]) if protocol >= 2 else b"") + body + STOP


def run(module: str, name: str, *arguments: bytes) -> bytes:
    """A pickle that calls one function."""
    return p(call(sg(module, name), *(arguments or (u("true"),))))


OS = p(call(g("posix", "system"), b"Vtrue\n"), 0)
OS4 = run("posix", "system")
PLAIN = p(b"}" + u("weights") + b"]" + b"s")


def _listed(text: str) -> list[tuple[str, str]]:
    lines = (line.partition(":") for line in text.strip().splitlines())
    return [(module.strip(), name) for module, _, names in lines for name in names.split()]


#: (module, name) that a pickle may not call; each by STACK_GLOBAL and REDUCE with a constant.
GADGETS = _listed("""
    builtins: eval exec __import__ compile open breakpoint
    __builtin__: execfile
    os: popen
    nt: system
    subprocess: Popen check_output
    commands: getoutput
    importlib: import_module
    pkgutil: resolve_name
    runpy: _run_code run_path
    code: InteractiveInterpreter
    codeop: compile_command
    pty: spawn
    timeit: timeit
    cProfile: run runctx
    profile: Profile.run
    bdb: Bdb
    pdb: run
    trace: Trace.runctx
    doctest: debug_script
    pydoc: pipepager locate
    webbrowser: open
    socket: create_connection
    ssl: get_server_certificate
    http.client: HTTPSConnection
    urllib.request: urlopen
    ftplib: FTP
    smtplib: SMTP
    poplib: POP3
    telnetlib: Telnet
    nntplib: NNTP
    imaplib: IMAP4_stream
    xmlrpc.client: ServerProxy
    socketserver: TCPServer
    requests.api: get
    aiohttp.client: ClientSession
    logging: FileHandler
    logging.config: fileConfig
    uuid: _get_command_stdout
    _osx_support: _read_output
    _aix_support: _read_cmd_output
    _pyrepl.pager: pipe_pager
    multiprocessing.util: spawnv_passfds
    _posixsubprocess: fork_exec
    _xxsubinterpreters: create
    _interpreters: create
    distutils.spawn: spawn
    distutils.file_util: write_file
    setuptools.sandbox: run_setup
    ensurepip: _run_pip
    venv: create
    pip: main
    idlelib.run: Executive.runcode
    idlelib.pyshell: ModifiedInterpreter.runcommand
    idlelib.calltip: get_entity
    idlelib.autocomplete: AutoComplete.fetch_completions
    idlelib.debugobj: ObjectTreeItem.SetText
    lib2to3.pgen2.grammar: Grammar.loads
    lib2to3.pgen2.pgen: ParserGenerator.make_label
    test.support.script_helper: assert_python_ok
    unittest.mock: _importer
    asyncio.unix_events: _UnixSubprocessTransport._start
    ctypes: CDLL
    _ctypes: dlopen
    types: CodeType FunctionType
    marshal: loads
    pickle: loads
    _pickle: loads
    shelve: open
    dbm: open
    fileinput: input
    linecache: getline
    shutil: rmtree
    tempfile: mktemp
    glob: glob
    io: FileIO open
    _io: FileIO
    codecs: open
    zipfile: ZipFile
    sqlite3: connect
    inspect: getattr_static
    gc: get_objects
    platform: popen
    getpass: getuser
    signal: signal
    threading: Thread
    atexit: register
    compileall: compile_dir
    py_compile: compile
    zipimport: zipimporter
    imp: load_source
    pipes: Template
    collections: namedtuple
    typing: get_type_hints
    string: Formatter
    copyreg: add_extension
    operator: attrgetter methodcaller
    _operator: call
    numpy.testing._private.utils: runstring
    numpy.f2py.crackfortran: getlincoef
    numpy: load memmap savetxt
    numpy.ctypeslib: load_library
    numpy.distutils.exec_command: exec_command
    torch: load
    torch.serialization: load
    torch.hub: load
    torch.utils.collect_env: run
    torch.utils._config_module: ConfigModule.load_config
    torch.jit.unsupported_tensor_ops: execWrapper
    torch._inductor.codecache: compile_file
    torch._dynamo.guards: GuardBuilder.get
    torch.fx.experimental.symbolic_shapes: ShapeEnv.evaluate_guards_expression
    torch.utils.bottleneck.__main__: run_cprofile
    torch.utils.data.datapipes.utils.decoder: basichandlers
    torch.storage: _load_from_bytes
    torch.package.package_importer: PackageImporter
    torch.utils.cpp_extension: load_inline
    torch.fx.graph_module: reduce_graph_module
    torch.distributed.run: main
    pandas: read_pickle eval
    pandas.io.pickle: read_pickle
    pandas.core.computation.eval: eval
    joblib: load
    joblib.numpy_pickle: load
    cloudpickle.cloudpickle: _make_function subimport
    dill._dill: _create_code
    tensorflow.keras.models: load_model
    keras.models: load_model
    transformers: pipeline
    transformers.dynamic_module_utils: get_class_from_dynamic_module
    yaml: unsafe_load
    sympy.parsing.sympy_parser: parse_expr
    numexpr: evaluate
    psutil: Popen
    IPython: embed
    hydra.utils: instantiate
    nltk.data: load
    gradio: load
    six.moves: builtins
""")

#: Dotted names through modules that are harmless themselves.
DOTTED = _listed("""
    os: path.os.system
    posixpath: os.system
    pathlib: os.system
    collections: _sys.modules
    torch: os.system
    torch.nn.modules.linear: math.__loader__.load_module
    numpy: os.system
    sklearn.base: warnings.sys.modules
    argparse: _os.system
    datetime: sys.modules
    torch._utils: traceback.sys
    builtins: object.__subclasses__
    transformers: os.system
    somepackage.models: os.system Model.load.__globals__
    __main__: subprocess.run
""")


def _patterns() -> dict[str, bytes]:
    """What can be done with opcodes, each under a name."""
    inner = OS4
    code = call(sg("types", "CodeType"), *[b"K\x00"] * 5, b(b"d\x00S\x00"), EMPTY, EMPTY, EMPTY, u("x"), u("x"))
    return {
        "protocol 0": OS,
        "protocol 1": p(call(g("posix", "system"), b"X" + struct.pack("<I", 4) + b"true"), 1),
        "protocol 2 GLOBAL": p(call(g("os", "system"), u("true")), 2),
        "protocol 3 GLOBAL": p(call(g("os", "system"), u("true")), 3),
        "protocol 4 STACK_GLOBAL": OS4,
        "protocol 5 framed": b"\x80\x05\x95" + struct.pack("<Q", len(OS4) - 2) + OS4[2:],
        "python 2 names": p(call(g("__builtin__", "eval"), u("1")), 2),
        "getattr chain": p(
            call(call(g("builtins", "getattr"), call(g("builtins", "__import__"), u("os")), u("system")), u("true"))
        ),
        "getattr of a class": p(call(g("builtins", "getattr"), g("torch.nn", "Linear"), u("load_state_dict"))),
        "methodcaller": p(
            call(
                call(g("operator", "methodcaller"), u("system"), u("true")),
                call(g("builtins", "__import__"), u("os")),
            )
        ),
        "partial": p(call(call(g("functools", "partial"), g("os", "system"), u("true")))),
        "computed from an allowed name": p(call(call(g("functools", "partial"), g("collections", "OrderedDict")))),
        "nested loads": p(call(g("pickle", "loads"), b(inner))),
        "nested _pickle loads": p(call(g("_pickle", "loads"), b(OS))),
        "nested by base64": p(call(g("pickle", "loads"), call(g("base64", "b64decode"), u("gASVAA==")))),
        "tensor bytes": p(call(g("torch.storage", "_load_from_bytes"), b(inner))),
        "base64-decoded exec": p(call(g("builtins", "exec"), call(g("base64", "b64decode"), u("cGFzcw==")))),
        "broken after the call": p(call(g("os", "system"), u("true")))[:-1] + b"\x8c\xff",
        "bad opcode after the call": p(call(g("os", "system"), u("true")))[:-1] + b"\xfe\xfe\xfe",
        "no stop": p(call(g("os", "system"), u("true")))[:-1],
        "second pickle": PLAIN + OS4,
        "second pickle without a header": PLAIN + OS,
        "pickle after garbage": PLAIN + b"\x00\xff garbage \x00" + OS4,
        "headless pickle after garbage": PLAIN + b"\x00\xff\x00" + OS,
        "popped result": p(call(g("os", "system"), u("true")) + POP + NONE),
        "popped mark": p(MARK + call(g("os", "system"), u("true")) + b"1" + NONE),
        "memoised names": p(
            u("os") + MEMO + POP + u("system") + MEMO + POP + b"h\x00h\x01\x93" + tup(u("true")) + REDUCE
        ),
        "memo overwritten": p(
            u("torch")
            + b"q\x00"
            + POP
            + u("os")
            + b"q\x00"
            + POP
            + u("system")
            + b"q\x01"
            + POP
            + b"h\x00h\x01\x93"
            + tup(u("true"))
            + REDUCE
        ),
        "memo in text": p(b"Vos\np7\n0Vsystem\np8\n0g7\ng8\n\x93(Vtrue\ntR"),
        "memo out of order": p(
            u("os") + b"q\x09" + POP + u("system") + MEMO + POP + b"h\x09h\x01\x93" + tup(u("true")) + REDUCE
        ),
        "long memo slots": p(
            u("os")
            + b"r"
            + struct.pack("<I", 70000)
            + POP
            + b"j"
            + struct.pack("<I", 70000)
            + u("system")
            + b"\x93"
            + tup(u("true"))
            + REDUCE
        ),
        "missing memo after the call": p(call(g("os", "system"), u("true")) + POP + b"h\x63" + u("x") + b"\x93"),
        "wild memo slot": p(u("x") + b"r\xff\xff\xff\x7f"),
        "INST": p(MARK + u("true") + b"ios\nsystem\n", 0),
        "OBJ": p(MARK + g("os", "system") + u("true") + b"o"),
        "OBJ popped": p(MARK + sg("smtplib", "SMTP") + u("127.0.0.1") + b"o" + POP + NONE),
        "NEWOBJ": p(sg("subprocess", "Popen") + tup(u("true")) + b"\x81"),
        "NEWOBJ_EX": p(sg("subprocess", "Popen") + tup(u("true")) + b"}" + b"\x92"),
        "BUILD on a class": p(
            sg("torch.nn", "Linear") + b"}" + u("forward") + sg("torch.nn", "Module") + b"s" + b"b"
        ),
        "items of a class": p(sg("sklearn.base", "BaseEstimator") + u("x") + NONE + b"s"),
        "BUILD with __setstate__": p(
            call(g("argparse", "Namespace"))
            + b"}"
            + u("__setstate__")
            + g("os", "system")
            + b"s"
            + b"b"
            + u("true")
            + b"b"
        ),
        "factory": p(call(g("collections", "defaultdict"), g("os", "getcwd"))),
        "import only": p(g("os", "system")),
        "extension code": p(b"\x82\x05" + tup(u("true")) + REDUCE),
        "computed module name": p(
            call(g("builtins", "str"), u("os")) + u("system") + b"\x93" + tup(u("true")) + REDUCE
        ),
        "name from bytes": p(b(b"os") + u("system") + b"\x93"),
        "name from a tuple": p(tup(u("os")) + u("system") + b"\x93"),
        "escaped name": p(b"S'\\x6f\\x73'\nS'system'\n\x93(Vtrue\ntR"),
        "unicode-escaped name": p(b"V\\u006fs\nVsystem\n\x93(Vtrue\ntR"),
        "BINSTRING name": p(b"T\x02\x00\x00\x00os" + b"U\x06system" + b"\x93" + tup(u("true")) + REDUCE),
        "long string before": p(u("x" * 300_000) + POP + call(g("os", "system"), u("true"))),
        "a million numbers before": p(MARK + b"K\x01" * 1_000_000 + b"l0" + call(g("os", "system"), u("true"))),
        "function from code": p(call(call(g("types", "FunctionType"), code, b"}"))),
        "frame that is straddled": b"\x80\x04\x95"
        + struct.pack("<Q", 5)
        + b"B"
        + struct.pack("<I", 20)
        + b"A" * 20
        + STOP,
        "frame in a frame": b"\x80\x05\x95"
        + struct.pack("<Q", 30)
        + NONE
        + b"\x95"
        + struct.pack("<Q", 2)
        + NONE
        + POP
        + STOP,
        "payload in a byte string": p(b"}" + u("extra") + b(inner) + b"s"),
        "payload in base64": p(
            b"}" + u("extra") + u("gASVIgAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAR0cnVllIWUUpQu") + b"s"
        ),
        "distribution with source text": p(
            sg("scipy.stats._continuous_distns", "norm_gen") + EMPTY + b"\x81" + b"}" + b"b"
        ),
        "nested class of a stranger": p(call(sg("stranger.models", "Model.restore"), u("x"))),
        "function of the standard library on no list": p(call(sg("tomllib", "load"), u("x"))),
        "function of a framework on no list": p(call(sg("scipy.linalg", "solve"), u("x"))),
        "tensor bytes by way of __setstate__": p(
            call(g("torch.storage", "_load_from_bytes"), b(PLAIN))
            + POP
            + call(g("argparse", "Namespace"))
            + b"}"
            + u("__setstate__")
            + g("torch.storage", "_load_from_bytes")
            + b"sb"
            + call(g("_codecs", "encode"), u("x"), u("latin1"))
            + b"b"
        ),
        "method by the name of append": p(
            call(g("argparse", "Namespace"))
            + b"}"
            + u("append")
            + g("torch.storage", "_load_from_bytes")
            + b"sb"
            + NONE
            + b"a"
        ),
        "key by the name of append": p(
            sg("sklearn.utils._bunch", "Bunch")
            + b")\x81"
            + u("append")
            + g("collections", "OrderedDict")
            + b"s"
            + NONE
            + b"a"
        ),
        "key by the name of add": p(
            sg("sklearn.utils._bunch", "Bunch")
            + b")\x81"
            + u("add")
            + g("collections", "OrderedDict")
            + b"s("
            + NONE
            + b"\x90"
        ),
        "tensor bytes handed to another function": p(
            call(g("torch.storage", "_load_from_bytes"), b(PLAIN))
            + POP
            + call(
                g("torch._tensor", "_rebuild_from_type_v2"),
                g("torch.storage", "_load_from_bytes"),
                g("torch", "Tensor"),
                tup(call(g("builtins", "bytes"), b"]")),
                b"}",
            )
        ),
        "import by name through numpy": p(call(g("numpy.core", "_ufunc_reconstruct"), u("os"), u("system"))),
        "module as an attribute": p(sg("stranger.models", "os")),
        "module as an attribute of a framework": p(sg("torch.nn.modules.linear", "sys")),
        "bundled process of an old scikit-learn": run(
            "sklearn.externals.joblib.externals.loky.backend.popen", "Popen"
        ),
        "name that is none": p(sg("os ", "system;")),
    }


MALICIOUS = _patterns()


def torch_zip(pickle: bytes = OS4, method: int = zipfile.ZIP_STORED, root: str = "archive") -> bytes:
    """A checkpoint as torch.save writes it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr(f"{root}/data.pkl", pickle)
        archive.writestr(f"{root}/byteorder", b"little")
        archive.writestr(f"{root}/data/0", bytes(64))
        archive.writestr(f"{root}/version", b"3\n")
    return made.getvalue()


def patched(archive: bytes, local: bytes | None, central: bytes | None, offset: int) -> bytes:
    """The first member's headers with bytes replaced; ``offset`` as in the local header."""
    out = bytearray(archive)
    if local is not None:
        out[offset : offset + len(local)] = local
    if central is not None:
        at = archive.index(b"PK\x01\x02") + offset + (2 if offset < 26 else 16)
        out[at : at + len(central)] = central
    return bytes(out)


def hidden(archive: bytes, payload: bytes) -> bytes:
    """A member before the directory that the directory does not list."""
    at = archive.index(b"PK\x01\x02")
    extra = (
        b"PK\x03\x04" + struct.pack("<5H3I2H", 20, 0, 0, 0, 0, 0, len(payload), len(payload), 1, 0) + b"x" + payload
    )
    moved = struct.pack("<I", at + len(extra))
    return archive[:at] + extra + archive[at:-6] + moved + archive[-2:]


def tar(*members: tuple[str, bytes], mode: str = "w") -> bytes:
    """A tar of the given members."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def npy(content: bytes, descr: str = "|O", shape: str = "(1,)") -> bytes:
    """A ``.npy`` with a header and whatever follows."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def number7(value: int) -> bytes:
    """A number as 7z writes it."""
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF << (8 - extra)) & 0xFF | value >> (8 * extra)
            return bytes([first]) + (value & ((1 << 8 * extra) - 1)).to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")


def seven(members: dict[str, bytes], method: str = "lzma2", packed_header: bool = False) -> bytes:
    """A 7z archive with one solid folder."""
    plain = b"".join(members.values())
    lzma2 = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
    lzma1 = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}]
    coders = {
        "copy": (b"\x01\x00", plain),
        "lzma": (
            b"\x23\x03\x01\x01\x05\x5d" + struct.pack("<I", 1 << 16),
            lzma.compress(plain, lzma.FORMAT_RAW, filters=lzma1),
        ),
        "lzma2": (b"\x21\x21\x01\x08", lzma.compress(plain, lzma.FORMAT_RAW, filters=lzma2)),
        "bzip2": (b"\x03\x04\x02\x02", bz2.compress(plain)),
        "deflate": (b"\x03\x04\x01\x08", zlib.compress(plain)[2:-4]),
        "zstd": (b"\x04\x04\xf7\x11\x01", zstandard.compress(plain)),
        "aes": (b"\x24\x06\xf1\x07\x01\x02\x13\x00", plain),
    }

    def streams(position: int, coder: bytes, packed: int, sizes: list[int]) -> bytes:
        info = b"\x06" + number7(position) + b"\x01\x09" + number7(packed) + b"\x00"
        info += b"\x07\x0b\x01\x00" + b"\x01" + coder + b"\x0c" + number7(sum(sizes)) + b"\x00"
        info += b"\x08\x0d" + number7(len(sizes)) + b"\x09" + b"".join(number7(size) for size in sizes[:-1]) + b"\x00"
        return info + b"\x00"

    coder, packed = coders[method]
    names = b"\x00" + b"".join(name.encode("utf-16-le") + b"\x00\x00" for name in members)
    header = b"\x01\x04" + streams(0, coder, len(packed), [len(one) for one in members.values()])
    header += b"\x05" + number7(len(members)) + b"\x11" + number7(len(names)) + names + b"\x00\x00"
    body = packed
    if packed_header:
        small = lzma.compress(header, lzma.FORMAT_RAW, filters=lzma1)
        header = b"\x17" + streams(len(packed), coders["lzma"][0], len(small), [len(header)])
        body += small
    start = struct.pack("<2QI", len(body), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + body + header


def carriers(payload: bytes = OS4) -> dict[str, bytes]:
    """A malicious pickle in everything that models come in, by file name."""
    archive = torch_zip(payload)
    lies = {
        "flag1.pt": patched(archive, b"\x01", None, 6),
        "flag1b.pt": patched(archive, b"\x01", b"\x01", 6),
        "flag20.pt": patched(archive, b"\x20", b"\x20", 6),
        "flag40.pt": patched(archive, b"\x40", b"\x40", 6),
        "crc.pt": patched(archive, b"\0\0\0\1", b"\0\0\0\1", 14),
        "cdname.pt": patched(archive, None, b"archive/data.txt", 30),
        "prefix.pt": b"junk" * 20 + archive,
        "nodirectory.pt": archive[: archive.index(b"PK\x01\x02")],
        "hidden.pt": hidden(torch_zip(PLAIN), payload),
    }
    return lies | {
        "model.pt": archive,
        "deflated.pt": torch_zip(payload, zipfile.ZIP_DEFLATED),
        "bzip2.pt": torch_zip(payload, zipfile.ZIP_BZIP2),
        "lzma.pt": torch_zip(payload, zipfile.ZIP_LZMA),
        "pytorch_model.bin": archive,
        "raw.bin": payload,
        "raw.pt": payload,
        "fake.safetensors": payload,
        "notes.txt": payload,
        "noext": payload,
        "noext0": OS,
        "model.onnx": payload,
        "legacy.tar": tar(("sys_info", PLAIN), ("pickle", payload), ("storages", PLAIN), ("tensors", PLAIN)),
        "m.nemo": tar(("model_config.yaml", b"a: 1\n"), ("model_weights.ckpt", payload)),
        "z.nemo": gzip.compress(tar(("model_weights.ckpt", payload))),
        "m.mar": torch_zip(payload, root="model"),
        "m.joblib": payload,
        "m_z.joblib": zlib.compress(payload),
        "m_z0.joblib": zlib.compress(payload, 0),
        "m_gz.joblib": gzip.compress(payload),
        "m_bz.joblib": bz2.compress(payload),
        "m_xz.joblib": lzma.compress(payload),
        "m_lzma.joblib": lzma.compress(payload, lzma.FORMAT_ALONE),
        "m.pkl.gz": gzip.compress(payload),
        "twice.pkl.gz": gzip.compress(PLAIN) + gzip.compress(payload),
        "tail.pkl.gz": gzip.compress(PLAIN) + payload,
        "o.npy": npy(payload),
        "o.npz": _zip({"a.npy": npy(payload)}),
        "structured.npy": npy(payload, descr="|V8').__class__('O"),
        "tail.npy": npy(bytes(8) + payload, "<f8"),
        "outer.zip": _zip({"inner.zip": _zip({"model.pt": archive})}),
        "m7z.pt": seven({"data.pkl": payload}),
        "m.7z": seven({"readme.txt": b"hello", "data.pkl": payload}, "lzma", True),
        "copy.7z": seven({"data.pkl": payload}, "copy"),
        "deflate.7z": seven({"data.pkl": payload}, "deflate"),
        "bzip2.7z": seven({"data.pkl": payload}, "bzip2"),
        "aes.pt": seven({"data.pkl": payload}, "aes"),
        "slip.zip": _zip({"../../etc/cron.d/x": b"x"}),
        "absolute.zip": _zip({"/etc/x": b"x"}),
        "drive.zip": _zip({"C:\\x": b"x"}),
        "slip.tar": tar(("../x", b"x")),
        "tail.safetensors": safetensors() + payload,
        "hdr.safetensors": struct.pack("<Q", 1 << 40) + b"{}",
        "lambda.keras": _keras(),
        "ssti.gguf": gguf("{{ ''.__class__.__mro__[1].__subclasses__() }}"),
        "tokenizer_config.json": json.dumps(
            {"chat_template": "{{ cycler.__init__.__globals__.os.popen('true') }}"}
        ).encode(),
        "config.json": json.dumps(
            {"model_type": "x", "auto_map": {"AutoModel": "stranger/repo--modeling.Model"}}
        ).encode(),
        "trav.onnx": onnx("../../etc/passwd"),
        "elf.zip": _zip({"lib/model.so": b"\x7fELF\x02\x01\x01" + bytes(60)}),
    }


def _zip(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def safetensors() -> bytes:
    """A small one."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(16)


def _keras() -> bytes:
    layer = {
        "class_name": "Lambda",
        "config": {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wAA"}}},
    }
    return _zip(
        {
            "config.json": json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}}).encode(),
            "metadata.json": b"{}",
        }
    )


def gguf(template: str) -> bytes:
    """A header with a chat template and no tensors."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    pairs = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    pairs += text("tokenizer.chat_template") + struct.pack("<I", 8) + text(template)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + pairs


def onnx(location: str) -> bytes:
    """A model with one initialiser that lies in another file."""

    def part(number: int, content: bytes) -> bytes:
        size, out = len(content), b""
        while size > 127:
            out += bytes([size & 127 | 128])
            size >>= 7
        return bytes([number << 3 | 2]) + out + bytes([size]) + content

    external = part(1, b"location") + part(2, location.encode())
    tensor = b"\x08\x02\x10\x01" + part(8, b"w") + part(13, external) + b"\x70\x01"
    graph = part(2, b"g") + part(5, tensor)
    return b"\x08\x08" + part(2, b"me") + part(7, graph) + part(8, b"\x10\x11")
