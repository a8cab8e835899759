"""Kernels of x * sigmoid(beta * x), in the shape that the compiler gives to elementwise kinds."""

from math import exp

from actgen.intrinsics import (
    at,
    device,
    is_large,
    kernel,
    load,
    narrow,
    same_start,
    stack_buffer,
    store_tile,
    ufunc,
)


@device
def forward(x, beta):
    return x / (1.0 + exp(-beta * x))


@device
def derivative(x, beta):
    s = 1.0 / (1.0 + exp(-beta * x))
    return s * (1.0 + beta * x * (1.0 - s))


@device
def second_derivative(x, beta):
    s = 1.0 / (1.0 + exp(-beta * x))
    slope = beta * s * (1.0 - s)
    return slope * (2.0 + beta * x * (1.0 - 2.0 * s))


@device
def scalar(x, beta=1.0):
    return narrow(forward(load(x), beta), x)


@ufunc
def forward_ufunc(x, beta):
    return narrow(forward(load(x), beta), x)


@ufunc
def derivative_ufunc(x, beta):
    return narrow(derivative(load(x), beta), x)


@ufunc
def second_derivative_ufunc(x, beta):
    return narrow(second_derivative(load(x), beta), x)


@ufunc
def vjp_ufunc(x, dy, beta):
    return narrow(load(dy) * derivative(load(x), beta), x)


@ufunc
def partial_beta_ufunc(x, dy, beta):
    value = load(x)
    s = 1.0 / (1.0 + exp(-beta * value))
    return load(dy) * value * value * s * (1.0 - s)


@kernel
def forward_contiguous(x, out, beta):
    if is_large(out) or same_start(x, out):
        tile = stack_buffer(256, out)
        for start in range(0, out.size, 256):
            x_part = x[start : start + 256]
            for i in range(x_part.size):
                tile[i] = narrow(forward(load(x_part[i]), at(beta, start + i)), out)
            store_tile(tile, out, start)
    else:
        for i in range(x.size):
            out[i] = narrow(forward(load(x[i]), at(beta, i)), out)


@kernel
def derivative_contiguous(x, out, beta):
    for i in range(x.size):
        out[i] = narrow(derivative(load(x[i]), at(beta, i)), out)


@kernel
def second_derivative_contiguous(x, out, beta):
    for i in range(x.size):
        out[i] = narrow(second_derivative(load(x[i]), at(beta, i)), out)


@kernel
def vjp_contiguous(x, dy, out, beta):
    for i in range(x.size):
        out[i] = narrow(load(dy[i]) * derivative(load(x[i]), at(beta, i)), out)
