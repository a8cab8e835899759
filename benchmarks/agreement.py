"""Check that those who are measured compute the same: results in, the largest difference out.

Only what is the same is worth comparing. Differences in the far tails, where results of most
libraries lose digits or vanish, are within the absolute tolerance, and are not judged here:
`make accuracy` does that. (float64 could be held tighter, but for libraries that have constants of
float32 in there.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

# dtype → what may lie between two results, times the larger of |result| and 1
TOLERANCE = {"float64": 1e-8, "float32": 5e-5, "float16": 4e-3, "bfloat16": 4e-2}

_COMPARED = 2**20


def difference(ours: Any, theirs: Any) -> float:
    """Return the largest |ours - theirs| / max(1, |ours|); infinity where only one is finite.

    Of more than a million elements, a million are compared.
    """
    ours, theirs = (np.ravel(a) for a in (ours, theirs))
    if ours.shape != theirs.shape:
        return float("inf")
    step = max(1, ours.size // _COMPARED)
    ours, theirs = (a[::step].astype(np.float64) for a in (ours, theirs))
    with np.errstate(all="ignore"):
        gaps = np.abs(ours - theirs) / np.maximum(1, np.abs(ours))
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    gaps[same] = 0
    return float(np.max(np.nan_to_num(gaps, nan=np.inf, posinf=np.inf), initial=0))
