"""View arrays of any strides as the few shapes that kernels take, without copying.

In: arrays of one shape. Out: views of one, two or three dimensions whose elements correspond, or
None where no such views exist. Axes may come out in any order, as long as it is the same for all
arrays; the entries of a slice keep theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from actgen.arrays import Array


def _mergeable(arrays: Sequence[Array], outer: int, inner: int) -> bool:
    """Tell whether stepping along `outer` continues where `inner` ends, in every array."""
    return all(a.strides[outer] == a.strides[inner] * a.shape[inner] for a in arrays)


def _groups(arrays: Sequence[Array], axes: Sequence[int]) -> list[list[int]]:
    """Split axes into groups that merge into one axis each, those of long strides first."""
    lead = arrays[-1]
    order = sorted(
        (axis for axis in axes if lead.shape[axis] > 1),
        key=lambda axis: [-abs(a.strides[axis]) for a in reversed(arrays)],
    )
    groups: list[list[int]] = []
    for axis in order:
        if groups and _mergeable(arrays, groups[-1][-1], axis):
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return groups


def _view(array: Array, groups: Sequence[Sequence[int]]) -> Array:
    """Merge each group of axes into one axis; axes in no group have length 1."""
    named = [axis for group in groups for axis in group]
    others = [axis for axis in range(array.ndim) if axis not in named]
    shape = [prod(array.shape[axis] for axis in group) for group in groups]
    return array.transpose(others + named).reshape(shape)


def _cut(array: Array, start: int, stop: int) -> Array:
    """Merge the axes before `start`, those up to `stop`, and those after, of a contiguous array."""
    shape = array.shape
    inner = prod(shape[stop:])
    merged = (prod(shape[:start]), prod(shape[start:stop]))
    return array.reshape(merged if inner == 1 else (*merged, inner))


def _upright(arrays: Sequence[Array]) -> list[Array]:
    """Turn all arrays around along the axes on which the last one runs backwards."""
    flips = tuple(slice(None, None, -1 if s < 0 else None) for s in arrays[-1].strides)
    return [a[flips] for a in arrays] if any(f.step for f in flips) else list(arrays)


def lines(arrays: Sequence[Array]) -> list[Array] | None:
    """View arrays as contiguous arrays of one dimension."""
    if all(a.flags.c_contiguous for a in arrays):
        return [a.reshape(-1) for a in arrays]
    arrays = _upright(arrays)
    groups = _groups(arrays, range(arrays[0].ndim))
    if len(groups) != 1 or any(a.strides[groups[0][-1]] != a.itemsize for a in arrays):
        return None
    return [_view(a, groups) for a in arrays]


def rows(arrays: Sequence[Array]) -> list[Array] | None:
    """View arrays as arrays of two dimensions that are contiguous along the last."""
    arrays = _upright(arrays)
    groups = _groups(arrays, range(arrays[0].ndim))
    contiguous = not groups or all(a.strides[groups[-1][-1]] == a.itemsize for a in arrays)
    outer, inner = groups[:-1], groups[-1:]
    if not contiguous:
        outer, inner = groups, []
    if len(outer) > 1:
        return None
    return [_view(a, [*(outer or [[]]), *(inner or [[]])]) for a in arrays]


def slices(arrays: Sequence[Array], axes: Sequence[int]) -> list[Array] | None:
    """View arrays so that `axes` become one: the last of two axes, or the middle of three.

    An array may have length 1 along `axes` where the others are longer. The view has two
    dimensions where `axes` have the shortest strides.
    """
    first = arrays[0]
    if axes[-1] - axes[0] == len(axes) - 1 and all(a.flags.c_contiguous for a in arrays):
        return [_cut(a, axes[0], axes[-1] + 1) for a in arrays]
    along = [axis for axis in axes if first.shape[axis] > 1]
    for outer, inner in pairwise(along):
        if not _mergeable([a for a in arrays if a.shape[outer] > 1], outer, inner):
            return None
    rest = _groups(arrays, [axis for axis in range(first.ndim) if axis not in axes])
    if len(rest) > 2:
        return None
    step = abs(first.strides[along[-1]]) if along else 0
    if not rest or (len(rest) == 1 and step <= abs(first.strides[rest[-1][-1]])):
        return [_view(a, [*(rest or [[]]), along]) for a in arrays]
    return [_view(a, [*(rest[:-1] or [[]]), along, rest[-1]]) for a in arrays]
