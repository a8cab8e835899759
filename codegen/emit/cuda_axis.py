"""Print the CUDA kernels of a quantity along an axis: functions of elements in, kernels out."""

from __future__ import annotations

from actgen.codegen.emit.cuda_body import Body, Form
from actgen.codegen.emit.cuda_elements import Elements
from actgen.codegen.emit.cuda_online import online


def bodies(elements: Elements, masked: str | None) -> dict[Form, list[str]]:
    """Return the statements of each kernel; `masked` is the text of what is masked."""
    forms: tuple[Form, ...] = ("columns",) if elements.sliced else ("rows", "block", "columns")
    made = {form: Body(elements, form, masked).statements() for form in forms}
    twice = None if elements.sliced else online(elements, masked)
    if twice is not None:
        del made["block"]
        made["online"] = twice
    return made
