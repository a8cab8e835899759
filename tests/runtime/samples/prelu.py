"""Kernels of where(x >= 0, x, weight * x), whose parameter is an array."""

from actgen.intrinsics import at, device, kernel, load, narrow, select, ufunc


@device
def forward(x, weight):
    return select(x >= 0.0, x, weight * x)


@device
def derivative(x, weight):
    return select(x >= 0.0, 1.0, weight)


@ufunc
def forward_ufunc(x, weight):
    return narrow(forward(load(x), weight), x)


@ufunc
def derivative_ufunc(x, weight):
    return narrow(derivative(load(x), weight), x)


@ufunc
def vjp_ufunc(x, dy, weight):
    return narrow(load(dy) * derivative(load(x), weight), x)


@ufunc
def partial_weight_ufunc(x, dy, weight):
    return load(dy) * select(load(x) >= 0.0, 0.0, load(x))


@kernel
def forward_contiguous(x, out, weight):
    for i in range(x.size):
        out[i] = narrow(forward(load(x[i]), at(weight, i)), out)
