"""How a worker of training_step.py speaks: a line of JSON in, a line of JSON out, until its standard input ends.

A request is {"networks", "units", "batch", "steps", "inputs", "outputs", "cell", "repeat"}, the answer {"ms": [...]}
with `repeat` times, each the milliseconds of one training step of one network. A worker is started as
`python WORKER.py [ARGUMENTS]`; to try one by hand:

    echo '{"networks":1, "units":50, "batch":64, "steps":200, "inputs":2, "outputs":1, "cell":"gru", "repeat":3}' \
        | python benchmarks/rivals/torch_step.py
"""

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

Times = Callable[[int], list[float]]  # from the number of times to the times

WORK = 10e9  # floating point operations that one time should cover
MOST_CALLS = 20
LONG = 200e9  # operations of a cohort's step beyond which one step is a time
GATES = {"rate": 1, "ugrnn": 2, "gru": 3, "lstm": 4}  # of the cells


@dataclass(frozen=True)
class Shape:
    """What one training step is made of: `steps` are the time steps of a trial, `batch` the trials."""

    networks: int
    units: int
    batch: int
    steps: int
    inputs: int
    outputs: int
    cell: str = "rate"

    @property
    def operations(self) -> int:
        """Floating point operations of one training step of one network: products forward, twice as many backward."""
        each = GATES[self.cell] * (self.units + self.inputs) + self.outputs
        return 3 * 2 * self.batch * self.units * each * self.steps

    @property
    def calls(self) -> int:
        """Over how many training steps one time is a mean: many where they are short, one where they are long."""
        return min(max(round(WORK / (self.networks * self.operations)), 1), MOST_CALLS)


def timed(step: Callable[[], object], shape: Shape) -> Times:
    """Call `step`, a training step of the cohort, until it is warm; what comes back times it."""

    def once() -> float:
        began = time.perf_counter()
        for _ in range(shape.calls):
            step()
        return 1e3 * (time.perf_counter() - began) / shape.calls / shape.networks

    once()
    return lambda repeat: [once() for _ in range(repeat)]


def serve(prepare: Callable[[Shape], Times]) -> None:
    """Answer requests until standard input ends. `prepare` sets a shape up and warms it, once a shape."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints goes to standard error
        prepared = functools.cache(prepare)
        for line in sys.stdin:
            request = json.loads(line)
            repeat = request.pop("repeat")
            print(json.dumps({"ms": prepared(Shape(**request))(repeat)}), file=answers, flush=True)
