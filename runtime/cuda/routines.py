"""Give the runtime kernels of its own: copies, sums, other types of float, random numbers.

In: addresses of arrays. They are kernels like the generated ones, and launched like them.
"""

from __future__ import annotations

from actgen.cuda.intrinsics import (
    coordinates,
    device,
    index_at,
    kernel,
    load,
    load_bool,
    store,
    store_bool,
    thread,
)

# What a round of Philox 4x32 multiplies by, and what its keys grow by.
_FIRST, _SECOND = 0xD2511F53, 0xCD9E8D57
_FIRST_KEY, _SECOND_KEY = 0x9E3779B9, 0xBB67AE85
_WORD = 0xFFFFFFFF
_ROUNDS = 10


@kernel
def fold(x, out, outer, length, inner, group, like):  # type: ignore[no-untyped-def]
    """Sum every `group`-th entry along the middle axis: (outer, length, inner) to float64 sums
    of shape (outer, group, inner).
    """
    i = thread()
    if i >= outer * group * inner:
        return
    column = i % inner
    rest = i // inner
    place = rest // group * length
    total = 0.0
    for entry in range(rest % group, length, group):
        total += load(x, (place + entry) * inner + column, like)
    store(out, i, 0.0, total)


@kernel
def copied(x, x_strides, out, out_strides, shape, size, like):  # type: ignore[no-untyped-def]
    """Copy elements between arrays of any strides."""
    i = thread()
    if i < size:
        place = coordinates(i, shape)
        store(out, index_at(place, out_strides), like, load(x, index_at(place, x_strides), like))


@kernel
def copied_bools(x, x_strides, out, out_strides, shape, size, like):  # type: ignore[no-untyped-def]
    """Copy booleans between arrays of any strides."""
    i = thread()
    if i < size:
        place = coordinates(i, shape)
        store_bool(out, index_at(place, out_strides), load_bool(x, index_at(place, x_strides)))


@kernel
def widened(x, out, size, like):  # type: ignore[no-untyped-def]
    """Convert elements to float64."""
    i = thread()
    if i < size:
        store(out, i, 0.0, load(x, i, like))


@kernel
def narrowed(x, out, size, like):  # type: ignore[no-untyped-def]
    """Convert elements from float64."""
    i = thread()
    if i < size:
        store(out, i, like, load(x, i, 0.0))


@device
def philox(counter, seed):  # type: ignore[no-untyped-def]
    """Return four random words of 32 bits: Philox 4x32 with ten rounds (Salmon et al., 2011)."""
    a, b, c, d = counter & _WORD, counter >> 32, 0, 0
    key, other = seed & _WORD, seed >> 32 & _WORD
    for _ in range(_ROUNDS):
        # products of two words, taken apart so that they stay below 2**63
        low, high = _FIRST * (a & 0xFFFF), _FIRST * (a >> 16)
        first = high + (low >> 16)
        low_first = (first & 0xFFFF) << 16 | low & 0xFFFF
        low, high = _SECOND * (c & 0xFFFF), _SECOND * (c >> 16)
        second = high + (low >> 16)
        low_second = (second & 0xFFFF) << 16 | low & 0xFFFF
        a, b, c, d = second >> 16 ^ b ^ key, low_second, first >> 16 ^ d ^ other, low_first
        key, other = key + _FIRST_KEY & _WORD, other + _SECOND_KEY & _WORD
    return a, b, c, d


@device
def _open(high, low):  # type: ignore[no-untyped-def]
    """Return a multiple of 2**-53 from (0, 1); half a step stands in for 0."""
    bits = (high >> 5) * 2.0**26 + (low >> 6)
    return bits * 2.0**-53 if bits > 0 else 2.0**-54


@kernel
def uniform(out, size, seed, like):  # type: ignore[no-untyped-def]
    """Fill an array of float64 with random numbers from (0, 1), two a thread."""
    i = thread()
    if 2 * i >= size:
        return
    a, b, c, d = philox(i, seed)
    store(out, 2 * i, 0.0, _open(a, b))
    if 2 * i + 1 < size:
        store(out, 2 * i + 1, 0.0, _open(c, d))
