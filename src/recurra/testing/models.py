"""Conformance of a model: its weights, its equations, its training and its run folder."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from recurra.arrays import Weights, as_cohort, in_double, named_arrays
from recurra.checks import check_count, check_shapes
from recurra.engine import Dynamics, portable
from recurra.engine.dynamics import state_size
from recurra.models import Cohort, Model
from recurra.numerics import GENERATOR, pinned
from recurra.runs.saving import load
from recurra.runs.spec import RunSpec
from recurra.tasks import And
from recurra.testing.findings import SHORT, check, finite, kind, name_of, near, same, spec_there_and_back
from recurra.training import train

INPUTS, OUTPUTS, DT_MS = 2, 1, 1.0  # of the task And, on which models are tried
STEP, SLOPE = 1e-6, 1e-3  # step of finite differences in float64, and relative tolerance of the gradient


def check_model(model: Model) -> None:
    """Check that a model and its equations are what recurra expects.

    The checks: weights follow from their key and have the class, shapes and dtypes in the annotations and equations;
    shapes and dtypes of the state, a step, rates, outputs, leaks, noise and the recurrent matrix, in float32 and
    float64; the gradient of every array agrees with finite differences; a network is the same alone and among others;
    a cohort can be trained, saved and loaded; and the model reads back from a spec.

    Args:
        model: an instance, with any parameters; it is tried at a time step of 1 ms.

    Raises:
        ConformanceError: with all findings, one per line.
    """
    look = _ModelUnderTest(model)
    check(
        name_of(model),
        [partial(kind, model, Model)],
        [look.parts],
        [look.weights_of_a_key],
        [partial(look.shapes, False), partial(look.shapes, True)],
        [look.gradient, look.company, look.training, partial(spec_there_and_back, model, partial(_spec, model))],
    )


def _spec(model: Model) -> RunSpec:
    return RunSpec(And(), model=model)


class _ModelUnderTest:
    """A model, with networks made from it."""

    def __init__(self, model: Model) -> None:
        self.name = type(model).__name__
        self.model = model.for_task(And()) if isinstance(model, Model) else model

    @property
    def dynamics(self) -> Dynamics:
        return self.model.dynamics(DT_MS)

    def weights(self, seed: int = 0) -> Weights:
        return self.model.start(jax.random.key(seed, impl=GENERATOR), INPUTS, OUTPUTS)

    def parts(self) -> Iterator[str]:
        check_count(f"{self.name}.units", self.model.units)
        dynamics = self.dynamics
        if not isinstance(dynamics, Dynamics):
            yield f"{self.name}.dynamics gives {type(dynamics).__name__}; return equations derived from rc.Dynamics"
            return
        yield from kind(dynamics, Dynamics)
        if dynamics != self.dynamics or hash(dynamics) != hash(self.dynamics):
            yield f"{self.name}.dynamics gives equations that differ each time; make them from the model's fields alone"
        own = getattr(dynamics, "weights", None)
        if not (isinstance(own, type) and issubclass(own, Weights)):
            yield f"{type(dynamics).__name__}.weights is {own!r}; set it to your kind: weights: ClassVar = MyWeights"
            return
        axes = {axis for axes in own.axes().values() for axis in axes}
        for axis, instead in (("unit", {"post", "pre"}), ("input", set()), ("output", set())):
            if axis not in axes and not (instead and instead <= axes):
                yield f"{own.__name__} has no array with the axis {axis}; name the axes in the annotations"

    def weights_of_a_key(self) -> Iterator[str]:
        first, kind = self.weights(), self.dynamics.weights
        if type(first) is not kind:
            yield f"{self.name}.initial_weights gives {type(first).__name__}; its equations have {kind.__name__}"
            return
        if len(jax.tree.leaves(first)) != len(kind.axes()):
            yield f"{kind.__name__} is no pytree of its arrays; put @jax.tree_util.register_dataclass above the class"
            return
        arrays = named_arrays(first)
        check_shapes({name: array.shape for name, array in arrays.items()}, kind.axes())
        for axis, expected in (("unit", self.model.units), ("input", INPUTS), ("output", OUTPUTS)):
            if first.size(axis) != expected:
                yield f"{self.name}.initial_weights has {first.size(axis)} along {axis}; expected {expected}"
        for name, array in arrays.items():
            if array.dtype != np.float32:
                yield f"{self.name}.initial_weights: {name} is {array.dtype}; expected float32"
        if not finite(first):
            yield f"{self.name}.initial_weights holds numbers that are not finite"
        if not same(first, self.weights()):
            yield f"{self.name}.initial_weights gives other weights for the same key; draw them with jax.random from it"
        if same(first, self.weights(1)):
            yield f"{self.name}.initial_weights ignores its key: all networks are the same; draw with jax.random"

    def shapes(self, double: bool) -> Iterator[str]:
        """Shapes and dtypes of the results of the equations."""
        dynamics, name, kind = self.dynamics, type(self.dynamics).__name__, "float64" if double else "float32"
        with pinned(double=double):
            weights = jax.tree.map(jnp.asarray, in_double(self.weights()) if double else self.weights())
            size, units = state_size(dynamics, weights), self.model.units
            state = dynamics.initial_state(weights)
            rates, inputs = dynamics.rates(state), jnp.zeros(INPUTS, kind)
            arrays = {
                "initial_state": (state, (size,)),
                "step": (dynamics.step(weights, state, inputs), (size,)),
                "rates": (rates, (units,)),
                "readout": (dynamics.readout(weights, rates), (OUTPUTS,)),
                "readout of many rates": (dynamics.readout(weights, jnp.zeros((3, 2, units), kind)), (3, 2, OUTPUTS)),
                "leaks": (leaks := dynamics.leaks(weights), (size,)),
            }
            if dynamics.noisy:
                arrays["noise_scale"] = (jnp.asarray(dynamics.noise_scale(weights), kind), (size,))
            if (matrix := dynamics.recurrent(weights)) is not None:
                arrays["recurrent"] = (matrix, (units, units))
            for what, (array, shape) in arrays.items():
                if (np.shape(array), str(array.dtype)) != (shape, kind):
                    given = f"{array.dtype}{np.shape(array)}"
                    yield f"{name}.{what} gives {given} for weights in {kind}; expected {kind}{shape}"
            if not (finite(leaks) and ((np.asarray(leaks) > 0) & (np.asarray(leaks) <= 1)).all()):
                yield f"{name}.leaks gives shares outside (0, 1]; return the share of its pull that each entry moves by"
            if dynamics.noisy and not (np.asarray(arrays["noise_scale"][0]) > 0).any():
                yield f"{name} is noisy, and noise_scale is nowhere above 0; return the noise's standard deviation"

    def gradient(self) -> Iterator[str]:
        """The gradient of the loss with respect to each array, in float64 and away from special values such as zero."""
        dynamics, trials = self.dynamics, And().sample(jax.random.key(0, impl=GENERATOR), 3)
        generator = np.random.default_rng(0)
        with pinned(double=True):
            start = jax.tree.map(lambda one: jnp.asarray(one + 0.05 * generator.normal(size=one.shape)), self._double())
            shown = [np.asarray(one, float)[:, ::8] for one in (trials.inputs, trials.targets)]
            mask = np.ones(shown[1].shape, bool)

            def loss(weights: Weights):
                return portable.loss_and_gradient(dynamics, weights, *shown, mask)

            _, slope = loss(start)
            for name, array in named_arrays(start).items():
                direction = generator.normal(size=array.shape)
                moved = [_with(start, name, array + sign * STEP * direction) for sign in (1, -1)]
                by_hand = float(loss(moved[0])[0][0] - loss(moved[1])[0][0]) / (2 * STEP)
                by_jax = float((np.asarray(getattr(slope, name)) * direction).sum())
                if not abs(by_jax - by_hand) <= SLOPE * max(1e-3, abs(by_hand)):
                    yield (
                        f"{type(dynamics).__name__}: the gradient by {name} is {by_jax:.4g}, by finite differences "
                        f"{by_hand:.4g}; write step with jax.numpy and without stop_gradient or rounding"
                    )
                elif by_jax == 0:
                    yield f"{type(dynamics).__name__}: no output depends on {name}; use it in step or readout"

    def _double(self) -> Weights:
        return as_cohort(in_double(self.weights()))

    def company(self) -> Iterator[str]:
        """The outputs of a network must be the same alone and among others."""
        trials = And().sample(jax.random.key(0, impl=GENERATOR), 3)
        alone = as_cohort(self.weights(1))
        all_three = jax.tree.map(lambda *one: np.stack(one), *(self.weights(seed) for seed in range(3)))
        with pinned():
            one = portable.respond(self.dynamics, alone, trials.inputs)
            among = portable.respond(self.dynamics, all_three, trials.inputs)
        if not near(one[0], among[1]):
            cell = type(self.dynamics).__name__
            yield f"{cell}: a network responds differently among others; let step depend on one network only"

    def training(self) -> Iterator[str]:
        """A cohort must be trained, saved in a run folder, and loaded again."""
        cohort = train(And(), self.model, SHORT, networks=2, seed=0)
        if same(cohort.initial, cohort.weights):
            yield f"{self.name}: training changes no weights; leave some out of frozen() and of the constraints"
        if type(self.model).__module__ == "__main__":
            return  # the finding about the spec is enough
        with tempfile.TemporaryDirectory(prefix="recurra-check-") as folder:
            cohort.save(path := Path(folder) / "check")
            back = load(path)
        if not (isinstance(back, Cohort) and back.model == self.model and same(back.weights, cohort.weights)):
            yield f"{self.name}: a cohort that was saved loads as another one; let fields be what was given"


def _with(weights: Weights, name: str, array: np.ndarray) -> Weights:
    return type(weights)(**{key: array if key == name else one for key, one in named_arrays(weights).items()})
