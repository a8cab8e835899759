"""Kernels of exp(x / tau) / sum(exp(x / tau)), in the shape of normalizations."""

from math import exp

from actgen.intrinsics import device, kernel, load, narrow


@device
def slice_forward(x, out, tau):
    top = load(x[0])
    for i in range(x.size):
        value = load(x[i])
        if not value <= top:
            top = value
    total = 0.0
    for i in range(x.size):
        total += exp((load(x[i]) - top) / tau)
    for i in range(x.size):
        out[i] = narrow(exp((load(x[i]) - top) / tau) / total, out)


@device
def slice_masked(x, mask, out, tau):
    top = -1e400
    for i in range(x.size):
        if mask[i]:
            top = max(top, load(x[i]))
    total = 0.0
    for i in range(x.size):
        if mask[i]:
            total += exp((load(x[i]) - top) / tau)
    for i in range(x.size):
        value = exp((load(x[i]) - top) / tau) / total if mask[i] else 0.0
        out[i] = narrow(value, out)


@device
def slice_vjp(x, dy, out, tau):
    top = load(x[0])
    for i in range(x.size):
        top = max(top, load(x[i]))
    total = 0.0
    dot = 0.0
    for i in range(x.size):
        weight = exp((load(x[i]) - top) / tau)
        total += weight
        dot += weight * load(dy[i])
    for i in range(x.size):
        weight = exp((load(x[i]) - top) / tau) / total
        out[i] = narrow(weight * (load(dy[i]) - dot / total) / tau, out)


@kernel
def forward_rows(x, out, tau):
    for row in range(x.shape[0]):
        slice_forward(x[row], out[row], tau)


@kernel
def forward_columns(x, out, tau):
    for i in range(x.shape[0]):
        for j in range(x.shape[2]):
            slice_forward(x[i, :, j], out[i, :, j], tau)


@kernel
def forward_rows_masked(x, mask, out, tau):
    for row in range(x.shape[0]):
        slice_masked(x[row], mask[row], out[row], tau)


@kernel
def forward_columns_masked(x, mask, out, tau):
    for i in range(x.shape[0]):
        for j in range(x.shape[2]):
            slice_masked(x[i, :, j], mask[i, :, j], out[i, :, j], tau)


@kernel
def vjp_rows(x, dy, out, tau):
    for row in range(x.shape[0]):
        slice_vjp(x[row], dy[row], out[row], tau)


@kernel
def vjp_columns(x, dy, out, tau):
    for i in range(x.shape[0]):
        for j in range(x.shape[2]):
            slice_vjp(x[i, :, j], dy[i, :, j], out[i, :, j], tau)


@kernel
def partial_tau_rows(x, dy, out64, tau):
    for row in range(x.shape[0]):
        top = x[row].max()
        weights = [exp((load(v) - top) / tau) for v in x[row]]
        total = sum(weights)
        mean = 0.0
        for i in range(x.shape[1]):
            mean += weights[i] / total * load(x[row, i])
        for i in range(x.shape[1]):
            change = weights[i] / total * (mean - load(x[row, i])) / (tau * tau)
            out64[row, i] = load(dy[row, i]) * change
