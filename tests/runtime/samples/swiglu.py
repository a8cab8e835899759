"""Kernels of gate * sigmoid(beta * gate) * value, in the shape of gated kinds."""

from math import exp

from actgen.intrinsics import device, kernel, load, narrow


@device
def forward(gate, value, beta):
    return gate / (1.0 + exp(-beta * gate)) * value


@device
def scalar(gate, value, beta=1.0):
    return narrow(forward(load(gate), load(value), beta), gate)


@kernel
def forward_rows(gate, value, out, beta):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = narrow(forward(load(gate[i, j]), load(value[i, j]), beta), out)


@kernel
def vjp_rows(gate, value, dy, dgate, dvalue, beta):
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            g, v, d = load(gate[i, j]), load(value[i, j]), load(dy[i, j])
            s = 1.0 / (1.0 + exp(-beta * g))
            dgate[i, j] = narrow(d * v * s * (1.0 + beta * g * (1.0 - s)), dgate)
            dvalue[i, j] = narrow(d * g * s, dvalue)


@kernel
def partial_beta_rows(gate, value, dy, out64, beta):
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            g = load(gate[i, j])
            s = 1.0 / (1.0 + exp(-beta * g))
            out64[i, j] = load(dy[i, j]) * load(value[i, j]) * g * g * s * (1.0 - s)
