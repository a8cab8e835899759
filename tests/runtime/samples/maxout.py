"""Kernels of the maximum of each group of consecutive entries."""

from actgen.intrinsics import device, kernel, load, maximum, narrow


@device
def top(x):
    result = load(x[0])
    for k in range(1, x.size):
        result = maximum(result, load(x[k]))
    return result


@device
def place(x, d, dx):
    best = 0
    for k in range(x.size):
        dx[k] = narrow(0.0, dx)
        if load(x[k]) > load(x[best]):
            best = k
    dx[best] = d


@kernel
def forward_rows(x, out):
    for i in range(x.shape[0]):
        out[i] = narrow(top(x[i]), out)


@kernel
def forward_columns(x, out):
    for i in range(x.shape[0]):
        for j in range(x.shape[2]):
            out[i, j] = narrow(top(x[i, :, j]), out)


@kernel
def vjp_rows(x, dy, dx):
    for i in range(x.shape[0]):
        place(x[i], dy[i], dx[i])


@kernel
def vjp_columns(x, dy, dx):
    for i in range(x.shape[0]):
        for j in range(x.shape[2]):
            place(x[i, :, j], dy[i, j], dx[i, :, j])
