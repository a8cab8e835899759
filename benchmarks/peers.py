"""Load the libraries to measure beside actgen: names in, those that are installed out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

from benchmarks.candidates import Candidate
from benchmarks.cases import Case
from benchmarks.data import Data

PEERS = {  # name → (module here, class, distribution)
    "torch": ("peer_torch", "Eager", "torch"),
    "compile": ("peer_torch", "Compiled", "torch"),
    "jax": ("peer_jax", "Jax", "jax"),
    "onnxruntime": ("peer_onnx", "OnnxRuntime", "onnxruntime"),
    "numpy": ("peer_numpy", "NumPy", "numpy"),
}
QUICK = tuple(name for name in PEERS if name != "compile")


class Peer(Protocol):
    """A library beside actgen."""

    def threads(self, count: int) -> bool:
        """Compute on so many threads from now on; tell whether that can be."""

    def prepare(self, case: Case, data: Data) -> list[Candidate]:
        """Return the calls that do what the case does, none where the library has no such."""


@dataclass(frozen=True)
class Loaded:
    """The libraries that are there, and a line on each that is not."""

    peers: dict[str, Peer]
    versions: dict[str, str]
    missing: list[str]


def load(names: Sequence[str], threads: int) -> Loaded:
    """Import the libraries called `names`, to run on so many threads."""
    # Read when jax is imported and makes its pool; it cannot be told later.
    os.environ["NPROC"] = str(threads)
    if threads == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    loaded = Loaded({}, {}, [])
    for name in names:
        module, kind, distribution = PEERS[name]
        try:
            make: Callable[[int], Peer] = getattr(import_module(f"benchmarks.{module}"), kind)
            loaded.peers[name] = make(threads)
            loaded.versions[name] = version(distribution)
        except (ImportError, OSError, PackageNotFoundError) as error:
            loaded.missing.append(
                f"{name}: left out, it cannot be imported ({error});"
                " pip install 'actgen[bench]' brings it"
            )
    return loaded
