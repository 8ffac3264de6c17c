"""What a network does where nobody says its task: it is left alone."""

from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from recurra.arrays import RandomKey
from recurra.checks import check_count, check_positive
from recurra.periods import Period, in_a_row
from recurra.tasks.base import Task, gather
from recurra.tasks.rules import SignRule, SuccessRule
from recurra.tasks.trials import Trial, Trials

NEEDED = "it needs the task, and none was given"


@final
@dataclass(frozen=True)
class NoTask(Task):
    """No task was given: the network is left alone, without input, in its own first state and in random states.

    Nothing is asked of it, so that nothing is scored. The conditions are the states in which it begins; `Visit` draws
    them. Analyses of weights and of the dynamics without input go on; those of performance, of the answers and of
    memories are not defined.

    Args:
        input_channels: inputs of the network.
        output_channels: its outputs.
        starts: number of states in which it begins: its own first state, and random ones.
        length: how long its paths are drawn, in time steps.
        rule: is not asked.
        dt_ms: length of a time step, ms; 1 for a file that does not say it, so that times are in steps.
    """

    known: ClassVar[bool] = False

    input_channels: int
    output_channels: int
    starts: int = 8
    length: int = 400
    rule: SuccessRule = field(default_factory=SignRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        for name in ("input_channels", "output_channels", "starts", "length"):
            check_count(name, getattr(self, name))
        check_positive("dt_ms", self.dt_ms)

    @property
    def title(self) -> str:
        return "no task given"

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("its own start", *(f"random start {number}" for number in range(1, self.starts)))

    @property
    def periods(self) -> tuple[Period, ...]:
        return in_a_row(self.dt_ms, alone=self.length * self.dt_ms)

    def trial(self, key: RandomKey) -> Trial:
        """No input, and nothing that counts."""
        return self._alone(0)

    def probe(self) -> Trials:
        """No input, once for every state in which the network begins."""
        alone = [self._alone(at) for at in range(self.starts)]
        return gather(
            self,
            Trial(
                inputs=jnp.stack([one.inputs for one in alone]),
                targets=jnp.stack([one.targets for one in alone]),
                mask=jnp.stack([one.mask for one in alone]),
                condition=jnp.stack([one.condition for one in alone]),
            ),
        )

    def stimuli(self) -> Float[np.ndarray, "stimulus time input"]:
        """None: nobody said what the network is shown."""
        return np.zeros((0, 1, self.input_channels))

    def stimulus_names(self) -> tuple[str, ...]:
        """None."""
        return ()

    def _alone(self, condition: int) -> Trial:
        nothing = jnp.zeros((self.length, self.output_channels), jnp.float32)
        inputs = jnp.zeros((self.length, self.input_channels), jnp.float32)
        return Trial(inputs, nothing, jnp.zeros(nothing.shape, bool), jnp.int32(condition))
