"""How one network does its task: its regimes, its fixed points, and how long its memories last."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.analysis import (
    FixedPoints,
    Lifetimes,
    Regime,
    fixed_points,
    memory_lifetimes,
    regimes,
    starts_near,
)
from recurra.models.cohort import Network
from recurra.tasks import FlipFlop, Task

STARTS, SPREAD = 400, 0.1  # where the search for fixed points begins: so many states on the probe, with noise


@dataclass(frozen=True)
class Workings:
    """How one network does its task.

    Args:
        regimes: what it does after each condition.
        fixed_points: those without input.
        lifetimes: of its memories, if the task is a flip-flop.
    """

    regimes: list[Regime]
    fixed_points: FixedPoints
    lifetimes: Lifetimes | None


def workings_of(network: Network, task: Task, seed: int) -> Workings:
    """Find out how a network does its task.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: what it was trained on.
        seed: of the states from which fixed points are searched.
    """
    probe = task.probe()
    states, _ = network.run(probe.inputs)
    return Workings(
        regimes=regimes(network, probe),
        fixed_points=fixed_points(network, starts_near(states, STARTS, SPREAD, seed)),
        lifetimes=memory_lifetimes(network, task) if isinstance(task, FlipFlop) else None,
    )


def workings_table(found: Workings, task: Task) -> dict[str, Any]:
    """The same in plain values, for JSON."""
    points = found.fixed_points
    index, counts = np.unique(points.index, return_counts=True)
    return {
        "regimes": [
            {
                "condition": one.condition,
                "kind": one.kind,
                "period_ms": one.period_ms,
                "amplitude": one.amplitude,
                "exponent_hz": one.exponent,
                "output": list(one.output),
            }
            for one in found.regimes
        ],
        "memory_states": _memory_states(found.lifetimes, task) if found.lifetimes else None,
        "fixed_points": {
            "count": len(points),
            "by_index": {str(number): int(count) for number, count in zip(index, counts, strict=True)},
            "residual_max": float(points.residual.max(initial=0.0)),
            "certified": points.certified,
            "missing_at_least": points.missing_at_least,
        },
    }


def _memory_states(lifetimes: Lifetimes, task: Task) -> list[dict[str, Any]]:
    names = task.condition_names
    return [
        {
            "bits": name,
            "kind": lifetimes.kind_of(state),
            "lifetime_ms": float(lifetimes.lifetime_ms[state]),
            "ends_in": names[int(lifetimes.ends_in[state])],
        }
        for state, name in enumerate(names)
    ]
