"""Gather the primitives of kernels along an axis, for `intrinsics`."""

from __future__ import annotations

from numba.core import config

if config.ENABLE_CUDASIM:
    from actgen.cuda.simulated_parts import (
        each,
        fold,
        inside,
        load_mask,
        load_part,
        positions,
        store_part,
    )
else:
    from actgen.cuda.maps import each, fold
    from actgen.cuda.parts import inside, load_mask, load_part, positions, store_part

from actgen.cuda.groups import (
    added,
    added_exactly,
    any_column,
    any_row,
    filled,
    found,
    further,
    over_column,
    over_row,
    place_of,
    plus,
    plus_both,
    plus_exactly,
    raised,
    raised_inside,
    raised_single,
    raised_single_inside,
    rescaled,
    rescaled_exactly,
    supported,
    wide,
)
from actgen.cuda.pairs import pair, pair_add, pair_div, pair_mul, pair_sub, quick_pair
from actgen.cuda.slices import column, column_slice, row_slice

__all__ = [
    "added",
    "added_exactly",
    "any_column",
    "any_row",
    "column",
    "column_slice",
    "each",
    "filled",
    "fold",
    "found",
    "further",
    "inside",
    "load_mask",
    "load_part",
    "over_column",
    "over_row",
    "pair",
    "pair_add",
    "pair_div",
    "pair_mul",
    "pair_sub",
    "place_of",
    "plus",
    "plus_both",
    "plus_exactly",
    "positions",
    "quick_pair",
    "raised",
    "raised_inside",
    "raised_single",
    "raised_single_inside",
    "rescaled",
    "rescaled_exactly",
    "row_slice",
    "store_part",
    "supported",
    "wide",
]
