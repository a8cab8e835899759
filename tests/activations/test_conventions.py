"""Check the conventions that Keras, ONNX and PyTorch test for, on small tables of known values."""

from __future__ import annotations

import numpy as np
import pytest

import actgen
from tests.activations.cases import CASES, DTYPES, bound, case_id

TOLERANCE = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 1e-6, "float64": 1e-7}
LOG2 = 0.6931471805599453

# name, parameters, inputs, results
ELEMENTWISE = [
    ("linear", {}, [-2, 0, 3], [-2, 0, 3]),
    ("relu", {}, [-2, -0.5, 0, 3], [0, 0, 0, 3]),
    ("relu", {"max_value": 6}, [-2, 5, 6, 9], [0, 5, 6, 6]),
    ("relu", {"negative_slope": 0.25}, [-4, 0, 3], [-1, 0, 3]),
    ("relu", {"alpha": 0.25}, [-4, 0, 3], [-1, 0, 3]),
    ("relu", {"threshold": 1.5}, [-2, 1, 1.5, 2], [0, 0, 0, 2]),
    (
        "relu",
        {"negative_slope": 0.25, "max_value": 6, "threshold": 5},
        [-3, 1, 5, 5.5, 6, 8],
        [-2, -1, 0, 5.5, 6, 6],
    ),
    ("relu6", {}, [-10, 0, 3, 6, 10], [0, 0, 3, 6, 6]),
    ("relu2", {}, [-3, 0, 2], [0, 0, 4]),
    ("leaky_relu", {}, [-100, 0, 5], [-1, 0, 5]),
    ("leaky_relu", {"alpha": 0.5}, [-1, 0, 1], [-0.5, 0, 1]),
    ("leaky_relu", {"negative_slope": 2.0}, [-1, 0, 1], [-2, 0, 1]),
    ("rrelu", {}, [-1, 0, 4], [-0.22916666666666666, 0, 4]),
    ("elu", {}, [-1, 0, 1], [-0.6321205588, 0, 1]),
    ("elu", {"alpha": 2.0}, [-1, 0, 1], [-1.2642411177, 0, 1]),
    ("celu", {"alpha": 2.0}, [-2, 0, 3], [-1.2642411177, 0, 3]),
    ("selu", {}, [-1, 0, 1], [-1.1113307378, 0, 1.0507009874]),
    ("gelu", {}, [-1, 0, 1], [-0.1586552539, 0, 0.8413447461]),
    ("gelu", {"approximate": True}, [-1, 0, 1], [-0.1588080094, 0, 0.8411919906]),
    ("gelu_tanh", {}, [-1, 0, 1], [-0.1588080094, 0, 0.8411919906]),
    ("quick_gelu", {}, [-1, 0, 1], [-0.1542042341, 0, 0.8457957659]),
    ("clipped_gelu", {}, [-20, 0, 20], [0, 0, 10]),
    ("silu", {}, [-1, 0, 1], [-0.2689414214, 0, 0.7310585786]),
    ("swish", {"beta": 2.0}, [-1, 0, 1], [-0.1192029220, 0, 0.8807970780]),
    ("hard_silu", {}, [-4, -3, -1, 0, 1, 3, 4], [0, 0, -1 / 3, 0, 2 / 3, 3, 4]),
    ("hardswish", {}, [-4, 1.5], [0, 1.125]),
    ("hard_sigmoid", {}, [-4, -3, 0, 1.5, 3, 4], [0, 0, 0.5, 0.75, 1, 1]),
    ("hard_sigmoid", {"slope": 0.5, "offset": 0.6}, [-1, 0, 1], [0.1, 0.6, 1]),
    ("hard_tanh", {}, [-2, -1, 0.25, 1, 2], [-1, -1, 0.25, 1, 1]),
    ("hardtanh", {"min_val": -0.5, "max_val": 2.0}, [-2, 1, 4], [-0.5, 1, 2]),
    ("sigmoid", {}, [-1, 0, 1], [0.2689414214, 0.5, 0.7310585786]),
    ("log_sigmoid", {}, [-1, 0, 1], [-1.3132616875, -LOG2, -0.3132616875]),
    ("tanh", {}, [-1, 0, 1], [-0.7615941560, 0, 0.7615941560]),
    ("scaled_tanh", {"scale_a": 1.0, "scale_b": 2.0}, [-1, 0, 1], [-1.523188312, 0, 1.523188312]),
    ("softcap", {"cap": 2.0}, [-2, 0, 2], [-1.523188312, 0, 1.523188312]),
    ("tanh_shrink", {}, [-1, 0, 1], [-0.2384058440, 0, 0.2384058440]),
    ("hard_shrink", {}, [-2, -0.5, 0.25, 0.5, 0.75], [-2, 0, 0, 0, 0.75]),
    ("hard_shrink", {"threshold": 1.5}, [-2, -1, 0, 1, 2], [-2, 0, 0, 0, 2]),
    ("soft_shrink", {}, [-2, -0.5, 0.25, 0.5, 0.75], [-1.5, 0, 0, 0, 0.25]),
    ("softshrink", {"lambd": 1.5}, [-2, -1, 0, 1, 2], [-0.5, 0, 0, 0, 0.5]),
    ("shrink", {"lambd": 1.5}, [-2, -1, 0, 1, 2], [-2, 0, 0, 0, 2]),
    ("shrink", {"lambd": 1.5, "bias": 1.5}, [-2, -1, 0, 1, 2], [-0.5, 0, 0, 0, 0.5]),
    ("threshold", {"threshold": 1.0, "value": 20.0}, [-1, 1, 2], [20, 20, 2]),
    ("thresholded_relu", {"alpha": 2.0}, [-1.5, 0, 1.25, 2, 2.25], [0, 0, 0, 0, 2.25]),
    ("softplus", {}, [-1, 0, 1, 1000], [0.3132616875, LOG2, 1.3132616875, 1000]),
    ("softplus", {"beta": 2.0}, [-1, 0, 1], [0.0634640055, LOG2 / 2, 1.0634640055]),
    ("softsign", {}, [-1, 0, 3], [-0.5, 0, 0.75]),
    ("squareplus", {}, [-1.5, 0, 1.5], [0.5, 1, 2]),
    ("squareplus", {"b": 9}, [-4, 0, 4], [0.5, 1.5, 4.5]),
    ("sparse_plus", {}, [-2, -1, 0, 0.5, 1, 3], [0, 0, 0.25, 0.5625, 1, 3]),
    ("sparse_sigmoid", {}, [-2, -1, 0, 0.5, 1, 3], [0, 0, 0.5, 0.75, 1, 1]),
    ("exponential", {}, [-1, 0, 1], [0.3678794412, 1, 2.7182818285]),
    ("mish", {}, [-1, 0, 1], [-0.3034014613, 0, 0.8650983883]),
    ("lisht", {}, [-1, 0, 1], [0.7615941560, 0, 0.7615941560]),
    ("snake", {}, [-1, 0, 1], [-0.2919265818, 0, 1.7080734182]),
    ("phish", {}, [-1, 0, 1], [0.1573373257, 0, 0.6865206717]),
    ("laplace", {"mu": 0.0, "sigma": 1.0}, [-1, 0, 1], [0.1586552539, 0.5, 0.8413447461]),
    ("step", {}, [-1, 0, 1], [0, 0, 1]),
]


@pytest.mark.parametrize(("name", "params", "inputs", "results"), ELEMENTWISE, ids=case_id)
@pytest.mark.parametrize("dtype", list(DTYPES))
def test_elementwise(name, params, inputs, results, dtype):
    x = np.array(inputs).astype(DTYPES[dtype])
    result = getattr(actgen, name)(x, **params)
    assert result.dtype == x.dtype
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(result.astype(float), results, rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize(("name", "params"), CASES, ids=case_id)
def test_integers_promote_as_in_exp(name, params):
    for dtype in (np.int32, np.int64, np.int8, np.uint16, np.bool_):
        x = np.array([0, 1, 1, 0]).astype(dtype)
        result = bound(name, params)(x)
        assert result.dtype == np.exp(x).dtype
        expected = bound(name, params)(x.astype(result.dtype))
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(("name", "params"), CASES, ids=case_id)
@pytest.mark.parametrize("dtype", list(DTYPES))
def test_shapes(name, params, dtype):
    activation = bound(name, params)
    for shape in ((), (0,), (1,), (2, 5), (3, 0, 2), (2, 1, 3, 2)):
        x = np.full(shape, 0.5, DTYPES[dtype])
        for result in (activation(x), activation.derivative(x), activation.vjp(x, x)):
            assert np.shape(result) == shape
            assert result.dtype == x.dtype


def test_hard_sigmoid_reaches_its_ends_exactly():
    assert actgen.hard_sigmoid(np.array([-3.0, 3.0])).tolist() == [0, 1]
    assert actgen.hard_sigmoid(np.array([-3, 3], np.float32)).tolist() == [0, 1]


SOFTMAX = [0.0320586033, 0.0871443187, 0.2368828181, 0.6439142599]


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_softmax_family(dtype):
    x = np.array([[0, 1, 2, 3], [100, 101, 102, 103]]).astype(DTYPES[dtype])
    tolerance = TOLERANCE[dtype]
    for name, expected in (
        ("softmax", SOFTMAX),
        ("softmin", SOFTMAX[::-1]),
        ("log_softmax", np.log(SOFTMAX)),
        ("logsoftmax", np.log(SOFTMAX)),
    ):
        result = getattr(actgen, name)(x)
        assert result.dtype == x.dtype
        np.testing.assert_allclose(result.astype(float), [expected] * 2, rtol=tolerance)
        columns = getattr(actgen, name)(x.T.copy(), axis=0)
        np.testing.assert_array_equal(columns.T, result)


def test_softmax_of_integers_and_tuples_of_axes():
    x = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    result = actgen.softmax(x, axis=(1, 2))
    assert result.dtype == np.float64
    np.testing.assert_allclose(result.sum((1, 2)), 1)
    np.testing.assert_allclose(result[0], result[1])
    assert actgen.softmax(x, axis=(-1,)).tolist() == actgen.softmax(x).tolist()
    assert actgen.softmax([1.0, 1.0]).tolist() == [0.5, 0.5]


def test_masked_softmax():
    x = np.array([[1.0, 1.0, 9.0], [4.0, 4.0, 4.0]])
    mask = np.array([[True, True, False], [False, False, False]])
    assert actgen.softmax(x, where=mask).tolist() == [[0.5, 0.5, 0], [0, 0, 0]]
    assert actgen.masked_softmax(x, where=mask).tolist() == [[0.5, 0.5, 0], [0, 0, 0]]
    assert actgen.softmax(x, where=mask[0]).tolist() == [[0.5, 0.5, 0]] * 2
    logs = actgen.log_softmax(x, where=mask)
    np.testing.assert_allclose(logs, [[-LOG2, -LOG2, -np.inf], [-np.inf] * 3])


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_hardmax_and_sparsemax(dtype):
    x = np.array([[3, 0, 1, 2], [2, 5, 1, 0], [0, 3, 3, 3]]).astype(DTYPES[dtype])
    assert actgen.hardmax(x).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]
    assert actgen.hardmax(x, axis=0).sum(0).tolist() == [1, 1, 1, 1]
    third = float(np.array(1 / 3).astype(x.dtype))
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, third, third, third]]
    np.testing.assert_allclose(actgen.sparsemax(x).astype(float), expected, rtol=1e-15)


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_gated(dtype):
    x = np.array([[2.0, -3.0, 0.0, 1.0]]).astype(DTYPES[dtype])
    for name, expected in (
        ("glu", [1.0, -2.1931757358]),
        ("swiglu", [0.0, -0.1422776195]),
        ("geglu", [0.0, -0.0040496941]),
        ("reglu", [0.0, 0.0]),
        ("bilinear_glu", [0.0, -3.0]),
    ):
        result = getattr(actgen, name)(x)
        assert result.dtype == x.dtype
        np.testing.assert_allclose(
            result.astype(float), [expected], rtol=TOLERANCE[dtype], atol=1e-9
        )
    assert actgen.glu(x.reshape(2, 2), axis=0).shape == (1, 2)


def test_prelu_broadcasts_along_its_axis():
    x = -np.ones((2, 3, 4))
    weight = np.array([1.0, 2.0, 3.0])
    assert actgen.prelu(x, weight)[0, :, 0].tolist() == [-1, -2, -3]
    assert actgen.prelu(x, np.array(0.25)).ravel().tolist() == [-0.25] * 24
    assert actgen.prelu(x, np.arange(4.0), axis=-1)[0, 0].tolist() == [0, -1, -2, -3]
    assert actgen.prelu(x, np.arange(4.0), axis=None)[0, 0].tolist() == [0, -1, -2, -3]
    with pytest.raises(ValueError, match="axis 1"):
        actgen.prelu(x, np.ones(5))


def test_rrelu_draws_slopes_between_its_ends():
    x = np.full(2000, -1.0)
    slopes = -actgen.rrelu(x, training=True, rng=5)
    assert 0.125 < slopes.min() < 0.13
    assert 0.32 < slopes.max() < 1 / 3
    np.testing.assert_array_equal(slopes, -actgen.rrelu(x, training=True, rng=5))
    assert actgen.rrelu(np.ones(4), training=True, rng=5).tolist() == [1, 1, 1, 1]
    drawn = actgen.get("rrelu").derivative(x, training=True, rng=5)
    np.testing.assert_array_equal(drawn, slopes)


@pytest.mark.parametrize("name", ["ReLU", "reul", "", "Gelu"])
def test_unknown_names(name):
    with pytest.raises(ValueError, match="Unknown activation function"):
        actgen.get(name)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("soft_shrink", {"lambd": -0.5}),
        ("celu", {"alpha": 0.0}),
        ("hard_tanh", {"min_val": 2.0, "max_val": 1.0}),
        ("softcap", {"cap": 0.0}),
        ("softplus", {"beta": -1.0}),
        ("laplace", {"sigma": 0.0}),
        ("rrelu", {"lower": 0.5, "upper": 0.25}),
    ],
)
def test_parameters_outside_their_range(name, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        getattr(actgen, name)(np.ones(3), **params)


@pytest.mark.parametrize("x", [np.ones(2, complex), np.array(["a"]), np.array([None])])
def test_arrays_that_are_no_numbers(x):
    with pytest.raises(TypeError):
        actgen.relu(x)
