"""Measure a case: a case and the libraries in, a record of plain data out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import actgen
from benchmarks import candidates, data
from benchmarks.agreement import TOLERANCE, difference
from benchmarks.candidates import COPY, Candidate
from benchmarks.cases import Case
from benchmarks.measure import measure
from benchmarks.peers import Peer

SAVED = "torch, saved f(x)"
_LONGEST = 200  # characters of a message


@dataclass(frozen=True)
class Row:
    """What a case gave: seconds of a call by name, and who computes something else."""

    case: Case
    elements: int
    seconds: dict[str, float]
    differing: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def throughput(self, name: str) -> float | None:
        """Return 1e9 elements a second, or None for who was not measured."""
        return self.elements / self.seconds[name] / 1e9 if name in self.seconds else None

    @property
    def failed(self) -> bool:
        """Whether somebody computed something else, or actgen nothing at all."""
        return bool(self.differing) or not self.seconds

    @property
    def peers(self) -> list[str]:
        """Who was measured beside actgen and computes the same."""
        own = (*candidates.TIERS, COPY)
        return [
            name
            for name in self.seconds
            if name not in own and ", plain" not in name and name not in self.differing
        ]

    @property
    def best(self) -> str | None:
        """The fastest of the others."""
        return min(self.peers, key=self.seconds.__getitem__, default=None)

    def ratio(self, name: str, other: str | None) -> float | None:
        """Return how many times as fast as `other` `name` is."""
        if name not in self.seconds or other not in self.seconds:
            return None
        return self.seconds[other] / self.seconds[name]

    def record(self) -> dict[str, Any]:
        """Return the row as plain data."""
        names = [name for name in self.seconds if ", plain" not in name]
        return {
            **asdict(self.case),
            "elements": self.elements,
            "seconds": self.seconds,
            "gelems": {name: self.throughput(name) for name in names},
            "best_peer": self.best,
            "differing": self.differing,
            "ratios": {
                tier: {
                    "best_peer": self.ratio(tier, self.best),
                    "copy": self.ratio(tier, COPY),
                    "plain": self.relative(tier),
                }
                for tier in candidates.TIERS
                if tier in self.seconds
            },
        }

    def relative(self, tier: str) -> float | None:
        """Return the speed beside the plain float32 call, float64 by the byte."""
        ratio = self.ratio(tier, f"{tier}, plain")
        return ratio * 2 if ratio is not None and self.case.dtype == "float64" else ratio


def set_threads(count: int, peers: dict[str, Peer]) -> dict[str, Peer] | None:
    """Return the peers that compute on so many threads now; None where actgen cannot."""
    if hasattr(actgen, "set_num_threads"):
        actgen.set_num_threads(count)
    elif count != 1:
        return None
    return {name: peer for name, peer in peers.items() if peer.threads(count)}


def run(case: Case, peers: dict[str, Peer], tiers: Sequence[str], seconds: float) -> Row:
    """Measure a case, `seconds` for each candidate."""
    arrays = data.make(case)
    running: list[Candidate] = [candidates.tier(case, arrays, tier) for tier in tiers]
    differing: dict[str, float] = {}
    notes: list[str] = []
    try:
        expected = _result(running[0])
        for candidate in running[1:]:
            _compare(case, candidate, expected, differing)
    except Exception as error:  # a bug of ours, which must not cost all other figures
        notes.append(f"actgen fails at {_named(case)}: {_brief(error)}")
        return Row(case, arrays.x.size, {}, {}, tuple(notes))
    for name, peer in peers.items():
        try:
            for candidate in peer.prepare(case, arrays):
                _compare(case, candidate, expected, differing)
                running.append(candidate)
        except Exception as error:  # of whatever type libraries have for what they cannot do
            notes.append(f"{name} cannot do {_named(case)}: {_brief(error)}")
    references = filter(None, (candidates.plain(case, tier) for tier in tiers))
    running += [*references, candidates.copy(case, arrays)]
    return Row(case, arrays.x.size, measure(running, seconds), differing, tuple(notes))


def _named(case: Case) -> str:
    return f"{case.function} {case.dtype} {case.shape}"


def _brief(error: Exception) -> str:
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first[:_LONGEST]}"


def _result(candidate: Candidate) -> Any:
    if candidate.before is not None:
        candidate.before()
    return candidate.values(candidate.call())


def _compare(case: Case, candidate: Candidate, expected: Any, differing: dict[str, float]) -> None:
    gap = difference(expected, _result(candidate))
    if gap > TOLERANCE[case.dtype]:
        differing[candidate.name] = gap


def runs(
    cases: Sequence[Case], peers: dict[str, Peer], tiers: Sequence[str], seconds: float
) -> Iterator[Row | Case]:
    """Yield a row for each case, or the case itself where actgen has not so many threads."""
    for case in cases:
        able = set_threads(case.threads, peers)
        yield case if able is None else run(case, able, tiers, seconds)
