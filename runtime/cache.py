"""Keep compiled kernels on disk between processes, so that the next start need not compile.

In: a compiled function, its signature and the target. Out: one file each, in the folder that
`ACTGEN_CACHE_DIR` names, else `$XDG_CACHE_HOME/actgen`, else `~/.cache/actgen`. The name of a file
is the hash of all that its content depends on, so files are only ever added or replaced by equal
ones. Whatever goes wrong on the way (a damaged file, a full disk, a folder that cannot be written
or that others could write) counts as not found: the kernel is compiled again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.extending import _Intrinsic

_MAGIC = b"actgen kernel 1\n"
_DIGEST_SIZE = hashlib.sha256().digest_size
_SUFFIX = ".kernel"
_LIMIT = 256 * 2**20
_OWN_SOURCES = (
    *("bits.py", "cache.py", "compilation.py", "half.py", "intrinsics.py", "launch.py"),
    *("streaming.py", "vectors.py", "lanes.py", "reductions.py", "downward.py", "tiles.py"),
    *("turned.py", "memory.py", "walk.py", "inlining.py", "lowering.py"),
)
_OWN_MODULES = frozenset(f"actgen.{name.removesuffix('.py')}" for name in _OWN_SOURCES)


def folder() -> Path | None:
    """Return the folder of the cache, which need not exist, or None where there is no place."""
    named = os.environ.get("ACTGEN_CACHE_DIR")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.cache")
    return Path(base, "actgen") if os.path.isabs(base) else None


def _trusted(status: os.stat_result) -> bool:
    """Tell whether nobody else can have written the file or folder: unpickling runs code."""
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid in (os.getuid(), 0) and not status.st_mode & 0o002


@cache
def _environment() -> bytes:
    """Return the hash of what all kernels depend on: versions, and the code that compiles them."""
    digest = hashlib.sha256()
    versions = (numba.__version__, llvmlite.__version__, np.__version__, sys.version)
    settings = (config.OPT, config.DEBUGINFO_DEFAULT, config.BOUNDSCHECK)
    digest.update(repr((versions, settings)).encode())
    for name in _OWN_SOURCES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.digest()


def _fingerprint(function: Callable[..., Any], role: str) -> bytes | None:
    """Return the hash of the code of `function` and of all that it calls; None if unknown.

    The code in memory is what counts, not the file it came from: that may have been replaced
    between the import and this moment.
    """
    code = function.__code__
    if function.__closure__:
        return None
    digest = hashlib.sha256(role.encode())
    parts = (code.co_code, code.co_consts, code.co_names, code.co_varnames, code.co_argcount)
    digest.update(repr((parts, function.__defaults__)).encode())
    for name in code.co_names:
        if name in function.__globals__:
            known = _known(function.__globals__[name])
            if known is None:
                return None
            digest.update(name.encode() + known)
    return digest.digest()


def _known(value: Any) -> bytes | None:
    """Return what tells one global of a kernel from another; None for what could be anything."""
    own = getattr(value, "_cache", None)
    if isinstance(own, (KernelCache, Alternatives)):
        return own.fingerprint
    if isinstance(value, ModuleType):
        return value.__name__.encode()
    if isinstance(value, (bool, int, float, str)):
        return repr(value).encode()
    if isinstance(value, (BuiltinFunctionType, np.ufunc, type, _Intrinsic)):
        return getattr(value, "__qualname__", repr(value)).encode()
    if isinstance(value, FunctionType) and value.__module__ in _OWN_MODULES:
        return value.__qualname__.encode()  # what it is overloaded with `_environment` knows
    return None


class Alternatives:
    """Stands for several functions of which one is called: its fingerprint is that of them all."""

    def __init__(self, functions: Iterable[KernelCache | Alternatives]) -> None:
        known = [function.fingerprint for function in functions]
        parts = [fingerprint for fingerprint in known if fingerprint is not None]
        whole = len(parts) == len(known)
        self.fingerprint: bytes | None = b"|".join(parts) if whole else None


class KernelCache(_Cache):  # type: ignore[misc]
    """The cached compilations of one function, in the shape that Numba's dispatchers ask for.

    `role` tells apart the ways in which one function may be compiled. A function that uses
    variables of an enclosing function, or globals that are not plain numbers, intrinsics or
    kernels, is not cached.
    """

    def __init__(self, function: Callable[..., Any], role: str) -> None:
        self._function = function
        self._role = role
        self.fingerprint = _fingerprint(function, role)

    @property
    def cache_path(self) -> str:
        return str(folder() or "")

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compilation for a signature, None where there is no sound one."""
        try:
            # All that compiled kernels need; what compiling needs takes as long to load as Numba.
            rtsys.initialize(target_context)
            path = self._path(sig, target_context.codegen())
            if path is None:
                return None
            payload = _load(path)
            if payload is None:
                return None
            return CompileResult._rebuild(target_context, *pickle.loads(payload))
        except Exception:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compilation for a signature, if that is possible."""
        try:
            if data.library.has_dynamic_globals or data.lifted:
                return
            path = self._path(sig, data.codegen)
            if path is not None:
                _save(path, dumps(data._reduce()))
        except Exception:
            return

    def enable(self) -> None:
        """Do nothing: the cache is always enabled."""

    def disable(self) -> None:
        """Do nothing: the cache is always enabled."""

    def flush(self) -> None:
        """Do nothing: what a file holds never goes out of date."""

    def _path(self, sig: Any, codegen: Any) -> Path | None:
        where = folder()
        if where is None or self.fingerprint is None:
            return None
        module, name = self._function.__module__, self._function.__qualname__
        key = hashlib.sha256(_environment() + self.fingerprint)
        key.update(repr((module, name, self._role, str(sig), codegen.magic_tuple())).encode())
        return where / f"{module}.{name}-{key.hexdigest()[:40]}{_SUFFIX}"


class UnkeptCache(KernelCache):
    """The cache of a function that is compiled with each kernel that calls it: always empty."""

    def _path(self, sig: Any, codegen: Any) -> None:
        return None


def kept(label: str, key: bytes, make: Callable[[], bytes]) -> bytes:
    """Return what the cache holds under a label and a key, else what `make` gives; keep that."""
    where = folder()
    if where is None:
        return make()
    path = where / f"{label}-{hashlib.sha256(key).hexdigest()[:40]}{_SUFFIX}"
    with contextlib.suppress(Exception):
        found = _load(path)
        if found is not None:
            return found
    made = make()
    with contextlib.suppress(Exception):
        _save(path, made)
    return made


def _load(path: Path) -> bytes | None:
    """Return the payload of a file if it is whole and nobody else can have written it."""
    if not _trusted(os.stat(path.parent)):
        return None
    with open(path, "rb") as file:
        if not _trusted(os.fstat(file.fileno())):
            return None
        content = file.read()
    head = len(_MAGIC) + _DIGEST_SIZE
    payload = content[head:]
    if content[:head] != _MAGIC + hashlib.sha256(payload).digest():
        return None
    return payload


def _save(path: Path, payload: bytes) -> None:
    """Write a file so that readers see all of it or nothing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _trusted(os.stat(path.parent)):
        return
    _prune(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with open(handle, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(payload).digest() + payload)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@cache
def _prune(where: Path) -> None:
    """Once per process, remove the oldest files of a folder that outgrew its limit."""
    files = [(file.stat(), file) for file in where.iterdir() if file.suffix in (_SUFFIX, ".tmp")]
    excess = sum(status.st_size for status, _ in files) - _LIMIT
    if excess <= 0:
        return
    for status, file in sorted(files, key=lambda entry: entry[0].st_mtime):
        if excess <= -_LIMIT // 2:
            return
        file.unlink(missing_ok=True)
        excess -= status.st_size
