"""Leaky integrate-and-fire units with double-exponential synapses: the definition, and who computes it."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32, UInt8, UInt32

from recurra.arrays import AnyArray, Inputs
from recurra.engine.engines import native_or_why
from recurra.engine.native import spikes as native
from recurra.engine.noise import pair_noise
from recurra.numerics import exact_products

LANES = 16  # a half of the padded units is a multiple of this


@final
@dataclass(frozen=True)
class SpikingSteps:
    """The numbers of a step of integration, all of them fixed.

    Args:
        substeps: steps of integration in a step of the task.
        refractory: steps after a spike in which the voltage follows the noise alone.
        leak: time step over the membrane's time constant.
        rise_decay: factor of a synapse's rise in a step.
        noise: standard deviation of what is added to the voltage in a step, mV.
        threshold: voltage at which a unit spikes, mV.
        reset: voltage after a spike, mV.
    """

    substeps: int
    refractory: int
    leak: float
    rise_decay: float
    noise: float
    threshold: float
    reset: float


class SpikingArrays(NamedTuple):
    """The arrays of one network, float32; those of units are padded with units that never spike, see `padded`.

    Args:
        columns: weights from each unit, not divided by a scaling factor.
        input: weights of the inputs.
        units: bias, decay of the synaptic current in a step, gain of this current at a scaling factor of 1, gain of the
            trace.
        output: weights of the readout.
        output_bias: its bias.
    """

    columns: Float[AnyArray, "pre padded"]
    input: Float[AnyArray, "input padded"]
    units: Float[AnyArray, "4 padded"]
    output: Float[AnyArray, "output unit"]
    output_bias: Float[AnyArray, "output"]


class SpikingGiven(NamedTuple):
    """What a network of spiking units is run on.

    Args:
        inverse: 1 / λ of every scaling factor.
        key: two words, for the noise.
        start: voltages before the first step, mV.
        inputs: of every trial, held over each step of the task.
        first_trial: the number of the first trial: the noise of a trial depends on its number alone.
    """

    inverse: Float[AnyArray, "factor"]
    key: UInt32[AnyArray, "2"]
    start: Float[AnyArray, "trial padded"]
    inputs: Inputs
    first_trial: int = 0


class SpikingTrials(NamedTuple):
    """What is computed for every scaling factor and trial.

    Args:
        outputs: at the end of every step of the task.
        counts: spikes of every unit, without those of the first refractory period.
        traces: of every unit at the end of every step of the task; without a step if not wanted.
        spikes: 1 in every step of integration in which a unit spikes; without a step if not wanted.
    """

    outputs: Float[AnyArray, "factor trial time output"]
    counts: Int32[AnyArray, "factor trial unit"]
    traces: Float[AnyArray, "factor trial time unit"]
    spikes: UInt8[AnyArray, "factor trial substep unit"]


def padded(units: int) -> int:
    """The length of padded arrays of units."""
    return 2 * LANES * -(-units // (2 * LANES))


def run_spikes(
    steps: SpikingSteps,
    arrays: SpikingArrays,
    given: SpikingGiven,
    *,
    traces: bool = False,
    spikes: bool = False,
    portable: bool = False,
) -> SpikingTrials:
    r"""Run a network of leaky integrate-and-fire units on trials, for every scaling factor with the same noise.

    In step s of integration, with the synaptic current I, its rise h, the trace r and its rise q of every unit:

    $v \leftarrow v + \ell\,(I + \theta + W_{in} x + b - v) + \sigma \xi$, without the middle term within `refractory`
    steps after a spike and after the start of the trial; then $I \leftarrow d I + (g / \lambda) h$,
    $h \leftarrow c h$, $r \leftarrow d r + k q$, $q \leftarrow c q$; then units with $v \ge \theta$ spike: v becomes
    the reset, q grows by 1, and h by the sum of the columns of W of all units that spike. At the end of a step of the
    task $z = W_{out} r / \lambda + b_{out}$.

    Args:
        steps: the numbers of a step.
        arrays: of the network.
        given: scaling factors, start, noise and inputs.
        traces: whether the traces are wanted.
        spikes: whether the spikes are wanted.
        portable: compute in JAX even if the native engine can be used.
    """
    if portable or native_or_why():
        return _run_portable(steps, arrays, given._replace(first_trial=np.uint32(given.first_trial)), traces, spikes)
    return SpikingTrials(*native.run(steps, arrays, given, traces, spikes))


class _State(NamedTuple):
    voltage: Array
    current: Array
    rise: Array
    trace: Array
    trace_rise: Array
    last: Array
    counts: Array


@partial(jax.jit, static_argnames=("steps", "traces", "spikes"))
@exact_products()
def _run_portable(
    steps: SpikingSteps, arrays: SpikingArrays, given: SpikingGiven, traces: bool, spikes: bool
) -> SpikingTrials:
    def one_trial(start, inputs, number):
        run = partial(_trial, steps, arrays, jnp.asarray(given.key), start, inputs, number, (traces, spikes))
        return jax.vmap(run)(jnp.asarray(given.inverse))

    numbers = jnp.uint32(given.first_trial) + jnp.arange(len(given.inputs), dtype=jnp.uint32)
    found = jax.vmap(one_trial)(jnp.asarray(given.start), jnp.asarray(given.inputs), numbers)
    outputs, counts, kept, spiked = jax.tree.map(lambda one: one.swapaxes(0, 1), found)
    whole = (*spiked.shape[:2], spiked.shape[2] * spiked.shape[3], spiked.shape[4])
    return SpikingTrials(outputs, counts, kept, spiked.reshape(whole))


def _trial(
    steps: SpikingSteps,
    arrays: SpikingArrays,
    key: UInt32[Array, "2"],
    start: Float[Array, "padded"],
    inputs: Float[Array, "time input"],
    number: UInt32[Array, ""],
    kept: tuple[bool, bool],
    inverse: Float[Array, ""],
) -> tuple[Array, Array, Array, Array]:
    pre, padded = arrays.columns.shape
    bias, decay, gain, trace_gain = jnp.asarray(arrays.units)

    def integrate(state: _State, now) -> tuple[_State, Array]:
        drive, noise, step = now
        change = steps.leak * (state.current + drive - state.voltage)
        voltage = state.voltage + jnp.where(state.last < step - steps.refractory, change, 0) + noise
        spiked = voltage >= steps.threshold
        ones = spiked.astype(jnp.float32)
        return _State(
            voltage=jnp.where(spiked, steps.reset, voltage),
            current=state.current * decay + state.rise * (gain * inverse),
            rise=state.rise * steps.rise_decay + ones[:pre] @ arrays.columns,
            trace=state.trace * decay + state.trace_rise * trace_gain,
            trace_rise=state.trace_rise * steps.rise_decay + ones,
            last=jnp.where(spiked, step, state.last),
            counts=state.counts + (spiked & (step > steps.refractory)).astype(jnp.int32),
        ), spiked[:pre].astype(jnp.uint8)

    def task_step(state: _State, now):
        inputs, time = now
        drive = bias + steps.threshold + inputs @ arrays.input
        noise = steps.noise * pair_noise(key, number, time * steps.substeps, steps.substeps, padded)
        number_of = time.astype(jnp.int32) * steps.substeps + jnp.arange(1, steps.substeps + 1, dtype=jnp.int32)
        drives = jnp.broadcast_to(drive, noise.shape)
        state, spiked = jax.lax.scan(integrate, state, (drives, noise, number_of))
        trace = state.trace[:pre]
        output = jnp.asarray(arrays.output) @ trace * inverse + arrays.output_bias
        return state, (output, trace[: pre * kept[0]], spiked[: steps.substeps * kept[1]])

    zeros = jnp.zeros(padded, jnp.float32)
    nothing = jnp.zeros(padded, jnp.int32)
    first = _State(jnp.asarray(start), zeros, zeros, zeros, zeros, nothing, nothing)
    times = jnp.arange(len(inputs), dtype=jnp.uint32)
    state, (outputs, traces, spiked) = jax.lax.scan(task_step, first, (inputs, times))
    return outputs, state.counts[:pre], traces, spiked
