"""Tasks whose answer is a direction: the twenty of Yang et al. (2019), and fifteen of them as Driscoll et al. did."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.checks import check_count
from recurra.tasks.direction import DirectionTask
from recurra.tasks.direction_designs import DESIGNS, FIFTEEN, FIFTEEN_DURATIONS, TWENTY_DURATIONS, Between
from recurra.tasks.direction_rule import DirectionRule
from recurra.tasks.multi_task import MultiTask
from recurra.tasks.rules import SuccessRule

WIDTH, HEIGHT, BASE = math.pi / 8, 0.8, 0.05  # of the bump of activity on a ring
FEWEST = 8  # units of a ring; the population vector of a target is 3.4° off with 7, 15° with 5, 45° with 3


@final
@dataclass(frozen=True)
class YangTask(DirectionTask):
    r"""Fixate, and answer in a direction when told to: one of the twenty tasks of Yang et al.

    The inputs are fixation and two rings of units, the modalities. A stimulus of strength $\gamma$ in the direction
    $\psi$ adds $\gamma\, 0.8 \exp(-\frac12 (\Delta / (\pi / 8))^2)$ to each unit, $\Delta$ away from $\psi$; every
    input and step has the noise $(\sigma / \sqrt{\Delta t})\, \xi$. The outputs are fixation, 0.85 until the go signal
    and 0.05 after it, and a ring, 0.05 until then and after it 0.05 plus the bump in the right direction. Where there
    is no answer they go on as before. The mask weights the squared error: 1 before the go signal, 5 after it, twice
    this on fixation, and 0 in the first 100 ms of both. (The publication's program squares these weights too.)

    - `fdgo`: the stimulus stays on; the go signal is the end of the fixation input. `reactgo`: the stimulus itself is
      the go signal. `delaygo`: the go signal comes after a delay. `fdanti`, `reactanti`, `delayanti`: in the opposite
      direction.
    - `dm1`, `dm2`: two stimuli at once in modality 1 or 2; in the direction of the stronger. `contextdm1`,
      `contextdm2`: both modalities have both, only that one counts. `multidm`: the sum of both counts.
      `delaydm1`, …, `multidelaydm`: one stimulus after the other.
    - `dmsgo`: if the second stimulus is the same as the first, in its direction, else no answer; `dmsnogo`: if it is
      not. `dmcgo`, `dmcnogo`: the same for categories, directions below and above 180°.

    The direction of the first stimulus is uniform in a sector around its condition. The other random quantities have
    their middle values in the probe.

    Args:
        name: which task.
        ring: number of units of a ring, at least 8, where the population vector of the target is up to 1.3° off the
            right direction; with 32 it is less than 0.001°.
        directions: of the conditions, equally spaced; in `dmcgo` and `dmcnogo` there are the ten of the publication.
        duration_factor: factor on all durations but the 100 ms that do not count.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms; 0.1414 is 0.01 √(2 · 100 ms).
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Yang, Joglekar, Song, Newsome and Wang (2019), with the durations of its published program.

    Examples:
        >>> import recurra as rc
        >>> task = rc.YangTask("dm1")
        >>> task.inputs, task.outputs, task.condition_names[:2]
        (65, 33, ('0+', '0-'))
    """

    sources: ClassVar[tuple[str, ...]] = ("yang2019",)
    durations = TWENTY_DURATIONS
    coherences: ClassVar = {"decision": (0.01, 0.02, 0.04, 0.08), "delayed decision": (0.08, 0.16, 0.32)}
    contrast = Between(0.2, 0.8)
    fixed_categories = True
    rest = BASE
    fixation_levels = (BASE, BASE + HEIGHT)

    name: str = "fdgo"
    ring: int = 32
    directions: int = 8
    duration_factor: float = 1.0
    input_noise: float = 0.1414
    rule: SuccessRule = field(default_factory=DirectionRule)
    dt_ms: float = 20.0

    def __post_init__(self) -> None:
        self.check(tuple(DESIGNS))
        check_count("ring", self.ring, at_least=FEWEST)

    @property
    def size(self) -> int:
        return 1 + 2 * self.ring

    def shown(self, angle: Float[Array, ""]) -> Float[Array, "channel"]:
        preferred = jnp.asarray(2 * math.pi * np.arange(self.ring) / self.ring, jnp.float32)
        distance = jnp.arccos(jnp.clip(jnp.cos(angle - preferred), -1, 1))
        return HEIGHT * jnp.exp(-((distance / WIDTH) ** 2) / 2)

    def answered(self, angle: Float[Array, ""]) -> Float[Array, "channel"]:
        return BASE + self.shown(angle)


@final
@dataclass(frozen=True)
class DriscollTask(DirectionTask):
    r"""Fixate, and answer in a direction when told to, both as cosine and sine: one of fifteen tasks of Driscoll et al.

    Those of `YangTask` but the five decisions without a delay, with other numbers. The inputs are fixation, and cosine
    and sine times the strength of the stimulus in each of two modalities; the outputs are fixation, 0.8 or 0, and
    cosine and sine of the answer, 0 until then. The mask is the same. Durations and coherences are uniform between two
    values, directions of categories on their half of the circle.

    The publication calls them DelayPro, ReactPro, MemoryPro, DelayAnti, ReactAnti, MemoryAnti, IntegrationModality1 and
    2, ContextIntModality1 and 2, IntegrationMultimodal, ReactMatch2Sample, ReactNonMatch2Sample, ReactCategoryPro and
    ReactCategoryAnti, in the order of `rc.tasks.fifteen_tasks().names`.

    Args:
        name: which task, one of those of `YangTask`.
        directions: of the conditions, equally spaced.
        duration_factor: factor on all durations but the 100 ms that do not count.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms; 1.414 is 0.1 √(2 · 100 ms).
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Driscoll, Shenoy and Sussillo (2024), with the numbers of its published program.
    """

    sources: ClassVar[tuple[str, ...]] = ("driscoll2024",)
    durations = FIFTEEN_DURATIONS
    coherences: ClassVar = {"delayed decision": Between(0.005, 0.8)}
    contrast = Between(0.005, 0.8)
    fixed_categories = False
    rest = 0.0
    fixation_levels = (0.0, 0.8)

    name: str = "fdgo"
    directions: int = 8
    duration_factor: float = 1.0
    input_noise: float = 1.414
    rule: SuccessRule = field(default_factory=DirectionRule)
    dt_ms: float = 20.0

    def __post_init__(self) -> None:
        self.check(FIFTEEN)

    @property
    def size(self) -> int:
        return 5

    def shown(self, angle: Float[Array, ""]) -> Float[Array, "channel"]:
        return jnp.stack([jnp.cos(angle), jnp.sin(angle)])

    def answered(self, angle: Float[Array, ""]) -> Float[Array, "channel"]:
        return self.shown(angle)


def twenty_tasks(ring: int = 32, directions: int = 8, duration_factor: float = 1.0) -> MultiTask:
    """The twenty tasks of Yang et al. in one network: 85 inputs, 33 outputs.

    The two decisions by context are trained five times as often as the others, as in the publication.

    Args:
        ring: number of units of a ring, at least 8.
        directions: of the conditions.
        duration_factor: factor on the durations.

    Examples:
        >>> import recurra as rc
        >>> every = rc.twenty_tasks()
        >>> every.inputs, every.outputs, len(every.tasks)
        (85, 33, 20)
    """
    tasks = tuple(YangTask(name, ring, directions, duration_factor) for name in DESIGNS)
    return MultiTask(tasks, shares=tuple(5.0 if task.name.startswith("contextdm") else 1.0 for task in tasks))


def fifteen_tasks(directions: int = 8, duration_factor: float = 1.0) -> MultiTask:
    """The fifteen tasks of Driscoll et al. in one network: 20 inputs, 3 outputs.

    Args:
        directions: of the conditions.
        duration_factor: factor on the durations.

    Examples:
        >>> import recurra as rc
        >>> every = rc.fifteen_tasks()
        >>> every.inputs, every.outputs, len(every.tasks)
        (20, 3, 15)
    """
    return MultiTask(tuple(DriscollTask(name, directions, duration_factor) for name in FIFTEEN))
