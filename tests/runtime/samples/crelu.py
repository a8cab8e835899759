"""Kernels of concat(relu(x), relu(-x))."""

from actgen.intrinsics import kernel, load, maximum, narrow, select


@kernel
def forward_rows(x, out_0, out_1):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out_0[i, j] = narrow(maximum(load(x[i, j]), 0.0), out_0)
            out_1[i, j] = narrow(maximum(-load(x[i, j]), 0.0), out_1)


@kernel
def vjp_rows(x, dy_0, dy_1, dx):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            value = load(x[i, j])
            up = select(value > 0.0, load(dy_0[i, j]), 0.0)
            dx[i, j] = narrow(up - select(value < 0.0, load(dy_1[i, j]), 0.0), dx)
