"""A network of rate units from arrays of the user's own."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Float

from recurra.arrays import AnyArray, RateWeights
from recurra.checks import check_finite, check_positive, check_real
from recurra.engine import RateDynamics
from recurra.models.network import Network

Rows: TypeAlias = Sequence[Sequence[float]]


def network(  # noqa: PLR0913 - the arrays and settings of the equations
    recurrent: Float[AnyArray, "post pre"] | Rows,
    input: Float[AnyArray, "unit input"] | Rows,
    output: Float[AnyArray, "output unit"] | Rows,
    *,
    recurrent_bias: Float[AnyArray, "unit"] | Sequence[float] | None = None,
    output_bias: Float[AnyArray, "output"] | Sequence[float] | None = None,
    tau_ms: float | Float[AnyArray, "unit"] | Sequence[float] | None = None,
    dt_ms: float = 1.0,
    activation: str = "tanh",
    form: Literal["rate", "current"] = "rate",
) -> Network:
    r"""A network of rate units with weights of your own.

    Rate form: $h \leftarrow (1 - \ell)\,h + \ell\,\varphi(W h + W_{in} x + b)$, current form:
    $v \leftarrow (1 - \ell)\,v + \ell\,(W \varphi(v) + W_{in} x + b)$; output $W_{out} r + b_{out}$ of the rates r.

    Args:
        recurrent: W, from unit `pre` to unit `post`; a NumPy array, a list of rows, or what NumPy makes an array of.
        input: $W_{in}$, from inputs to units.
        output: $W_{out}$, from units to outputs.
        recurrent_bias: b of every unit; without it 0.
        output_bias: $b_{out}$ of every output; without it 0.
        tau_ms: time constant, ms, at least dt_ms: one for all units, or one per unit; without it dt_ms, the leak is 1.
        dt_ms: length of a time step, ms.
        activation: φ: "tanh", "relu", "sigmoid", "softplus", "linear", "hard_sigmoid_5" or "hard_sigmoid_6".
        form: "rate" or "current"; spectra and fixed points differ between the two.

    Returns:
        The network. Arrays of float32 stay so; all others become float64.

    Raises:
        ValueError: an array has a wrong shape, NaN or infinity, or a setting is wrong.
        TypeError: an array does not hold real numbers.

    Examples:
        >>> import recurra as rc
        >>> bistable = rc.network([[1.5]], [[1.0]], [[1.0]], tau_ms=10.0)
        >>> rc.fixed_points(bistable, starts=[[-1.0], [0.1], [1.0]]).states.round(3).ravel().tolist()
        [-0.859, 0.859, 0.0]
    """
    given = {"recurrent": recurrent, "input": input, "output": output}
    arrays = {name: _real(name, array) for name, array in given.items()}
    units = len(arrays["recurrent"]) if arrays["recurrent"].ndim else 0
    outputs = len(arrays["output"]) if arrays["output"].ndim else 0
    biases = {"recurrent_bias": (recurrent_bias, units), "output_bias": (output_bias, outputs)}
    for name, (bias, count) in biases.items():
        arrays[name] = np.zeros(count) if bias is None else _real(name, bias)
    for name, axes in RateWeights.axes().items():
        _check_axes(name, arrays[name], axes, units, outputs)
    check_positive("dt_ms", dt_ms)
    dynamics = RateDynamics(form, activation, _leak(tau_ms, dt_ms, units))
    return Network(dynamics, RateWeights(**arrays), float(dt_ms))


def _real(name: str, given: Any) -> np.ndarray:
    """The array in float32 if it has that, else in float64."""
    array = check_real(name, given, ", ".join(RateWeights.axes()[name]))
    array = np.array(array, np.float32 if array.dtype == np.float32 else np.float64, order="C")
    check_finite(name, array)
    return array


def _check_axes(name: str, array: np.ndarray, axes: tuple[str, ...], units: int, outputs: int) -> None:
    """Check the shape of one array; the error names the axis that disagrees."""
    if array.ndim != len(axes) or 0 in array.shape:
        expected = f"({', '.join(axes)})" if len(axes) > 1 else f"one number for every {''.join(axes)}"
        raise ValueError(f"{name} has the shape {array.shape}; expected {expected}")
    if axes == ("post", "pre") and len(set(array.shape)) > 1:
        raise ValueError(f"{name} has the shape {array.shape}; expected a square matrix (post, pre)")
    expected_sizes = {"unit": units, "output": outputs}
    for axis, size in zip(axes, array.shape, strict=True):
        expected = expected_sizes.get(axis, size)
        if size != expected:
            of = "output" if axis == "output" else "recurrent"
            turned = "; give its transpose" if expected in array.shape else ""
            raise ValueError(f"{name} has {size} along the axis {axis}; {of} has {expected}{turned}")


def _leak(tau_ms: Any, dt_ms: float, units: int) -> float | tuple[float, ...]:
    if tau_ms is None:
        return 1.0
    if np.ndim(tau_ms) == 0:
        check_positive("tau_ms", tau_ms)
        return float(dt_ms / tau_ms)
    if np.shape(tau_ms) != (units,):
        raise ValueError(
            f"tau_ms has the shape {np.shape(tau_ms)}; expected one number, or one for every unit: {units}"
        )
    for one in np.asarray(tau_ms, np.float64):
        check_positive("tau_ms", one)
    return tuple((dt_ms / np.asarray(tau_ms, np.float64)).tolist())
