"""Kernels of a leaky ReLU whose slope is drawn when `training`, and fixed otherwise."""

from actgen.intrinsics import at, device, kernel, load, narrow, select, ufunc


@device
def forward_training(x, u, lower, upper):
    return select(x >= 0.0, x, (lower + u * (upper - lower)) * x)


@device
def derivative_training(x, u, lower, upper):
    return select(x >= 0.0, 1.0, lower + u * (upper - lower))


@ufunc
def forward_training_ufunc(x, u, lower, upper):
    return narrow(forward_training(load(x), u, lower, upper), x)


@ufunc
def vjp_training_ufunc(x, dy, u, lower, upper):
    return narrow(load(dy) * derivative_training(load(x), u, lower, upper), x)


@device
def forward(x, lower, upper):
    return select(x >= 0.0, x, 0.5 * (lower + upper) * x)


@ufunc
def forward_ufunc(x, lower, upper):
    return narrow(forward(load(x), lower, upper), x)


@kernel
def forward_contiguous(x, out, lower, upper):
    for i in range(x.size):
        out[i] = narrow(forward(load(x[i]), at(lower, i), at(upper, i)), out)
