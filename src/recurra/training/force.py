"""FORCE learning, and recursive least squares of the readout alone."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, final

import numpy as np

from recurra.arrays import Weights
from recurra.checks import check_choice, check_count, check_flag, check_positive_float32
from recurra.engine import Dynamics, FeedbackEquations
from recurra.numerics import unrounded
from recurra.training.architectures import Architecture, ControlLoop, InternalLoop, OutputLoop, ReadoutAlone
from recurra.training.online import Online, OnlineRule, check_constraints, learns_bias
from recurra.training.rule import Learner, Setup

ARCHITECTURES: dict[str, Architecture] = {"A": OutputLoop(), "B": ControlLoop(), "C": InternalLoop()}
READOUT = ReadoutAlone()


@final
@dataclass(frozen=True, kw_only=True)
class FORCE(OnlineRule):
    r"""Learning by recursive least squares while the network runs, with its errors kept small from the first step on.

    At every `learn_every`-th step, with the rates r: $k = P r / (1 + r^\top P r)$, $P \leftarrow P - k (P r)^\top$,
    $w \leftarrow w - (w r - z^*)\, k^\top$, and $P = I / \alpha$ before the first step. State, rates and outputs move
    first, then P and w; what was put out before the correction is fed back. Architectures: in A the readout is learned
    and fed back; in B so are control units that read a part of the units, and these are fed back; in C nothing need be
    fed back, and the rows of all recurrent weights are learned with the errors of the outputs.

    A training step takes the trials of a batch one after the other. Its loss is the mean squared error before each
    correction: it is small from early on and says little of the free run. That is what loss and success on the
    validation trials measure, without learning.

    Args:
        architecture: "A", "B" or "C".
        alpha: α, above 0; the smaller, the faster and the less stable.
        learn_every: a step in so many is learned from, counted in each trial.
        continuing: whether every trial begins in the state in which the one before it ended, as one long run; the
            trained network then starts from the state in which training ended, so that the free run is what follows.
            If not, each trial begins in the initial state.
        batch: trials per training step.
        steps: training steps in all.

    Source: Sussillo and Abbott (2009).
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2009",)

    architecture: Literal["A", "B", "C"] = "A"
    alpha: float = 1.0
    learn_every: int = 2
    continuing: bool = True
    batch: int = 1
    steps: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("architecture", self.architecture, ARCHITECTURES)
        check_positive_float32("alpha", self.alpha)
        check_count("learn_every", self.learn_every)
        check_flag("continuing", self.continuing)

    def check_networks(self, dynamics: Dynamics) -> None:
        needed = ARCHITECTURES[self.architecture].misfit(dynamics)
        if needed:
            raise ValueError(
                f"FORCE with architecture {self.architecture} needs {needed}; the model has {type(dynamics).__name__}"
            )
        if self.continuing and not isinstance(dynamics, FeedbackEquations):
            raise ValueError(
                "FORCE continues from trial to trial, for which a model needs an initial state, as rc.FeedbackRNN has; "
                "take that or continuing=False"
            )

    def init(self, setup: Setup, weights: Weights) -> Learner:
        architecture = ARCHITECTURES[self.architecture]
        check_constraints("FORCE", architecture.arrays, setup.constraints, weights)
        if learns_bias(setup.constraints, weights) and not architecture.biased:
            raise ValueError(
                f"FORCE with architecture {self.architecture} learns no bias; give the model output_bias=False"
            )
        return self.begun(setup, weights)

    def online(self, setup: Setup) -> Online:
        bias = learns_bias(setup.constraints, setup.start)
        return Online(ARCHITECTURES[self.architecture], self.learn_every, self.continuing, bias)


@final
@dataclass(frozen=True, kw_only=True)
class OnlineRidge(OnlineRule):
    r"""The readout by recursive least squares, step by step: after each it is the ridge regression of all so far.

    $W = (\alpha I + \sum_i f_i f_i^\top)^{-1} \sum_i f_i z^{*\top}_i$ with the features $f_i$ of every scored step, the
    rates and a 1 for the bias. The rest of the network, of any kind, stays as it was drawn. The mask says only which
    steps are learned from: those at which all outputs count.

    Args:
        alpha: α, above 0. For `Ridge` the penalty is β times the number of steps.
        learn_every: a step in so many is learned from, counted in each trial.

    Source: Jaeger (2001); Haykin (2002) for the recursion.
    """

    sources: ClassVar[tuple[str, ...]] = ("jaeger2001",)

    alpha: float = 1.0
    learn_every: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive_float32("alpha", self.alpha)
        check_count("learn_every", self.learn_every)

    def check_networks(self, dynamics: Dynamics) -> None:
        needed = READOUT.misfit(dynamics)
        if needed:
            raise ValueError(f"OnlineRidge is for {needed}")

    def init(self, setup: Setup, weights: Weights) -> Learner:
        check_constraints("OnlineRidge", READOUT.arrays, setup.constraints, weights)
        learner = self.begun(setup, weights)
        nothing = tuple(unrounded(np.zeros_like(rows)) for rows in learner.memory.rows)
        return replace(learner, memory=replace(learner.memory, rows=nothing))

    def online(self, setup: Setup) -> Online:
        return Online(READOUT, self.learn_every, False, learns_bias(setup.constraints, setup.start))
