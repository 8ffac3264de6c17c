"""What a task says of its choices: the evidence in every condition, and how an output is read as a choice."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from recurra.arrays import Outputs
from recurra.shown import Shown


@dataclass(frozen=True, eq=False)
class Choices(Shown):
    """How the answers of a network are read as choices between two sides, by signed evidence.

    Args:
        task: the task of the trials in which choices are read; one whose trials all have the times below.
        evidence: for the positive side, in every condition of that task.
        stimulus_ms: when the evidence begins, ms.
        answer_ms: when the answer is asked for, ms, from and up to.
        bound: the decision variable is undecided between minus and plus this.
        unit: of the evidence, such as "%"; empty for none.
        context: the number of the context of every condition; all 0 where there is one.
        contexts: the names of the contexts; one that is empty for a task without contexts.
        sides: the numbers of the outputs whose difference is the decision variable; one output is it by itself.
    """

    task: Any  # a Task, whose module imports this one
    evidence: Float[np.ndarray, "condition"]
    stimulus_ms: float
    answer_ms: tuple[float, float]
    bound: float = 0.5
    unit: str = ""
    context: Int[np.ndarray, "condition"] | None = None
    contexts: tuple[str, ...] = ("",)
    sides: tuple[int, ...] = (0,)

    def of_context(self, number: int) -> Int[np.ndarray, "chosen"]:
        """The conditions of a context."""
        context = np.zeros(len(self.evidence), int) if self.context is None else self.context
        return np.flatnonzero(context == number)

    def variable(self, outputs: Outputs) -> Float[np.ndarray, "trial time"]:
        """The decision variable: the output, or the difference of two; positive for the positive side."""
        positive, *negative = (np.asarray(outputs)[..., side] for side in self.sides)
        return positive - negative[0] if negative else positive

    def steps(self, time_ms: float) -> int:
        """The step at a time."""
        return self.task.in_steps(time_ms)


def named_evidence(
    values: Float[np.ndarray, "condition 3"],
) -> tuple[Int[np.ndarray, "condition"], Float[np.ndarray, "condition"]]:
    """Context, and the value of the stream that it names.

    Args:
        values: in every condition the context, 0 or 1, and the values of the two streams.
    """
    context = values[:, 0].astype(int)
    return context, values[np.arange(len(values)), 1 + context]
