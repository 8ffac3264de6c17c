"""How one network does its task, in plain values for JSON and for tables."""

from collections.abc import Callable
from typing import Any

import numpy as np

from recurra.analysis import (
    Alignment,
    FixedPoints,
    Generalization,
    Lifetimes,
    NoisyLifetimes,
    Program,
    PulseTable,
    Regimes,
)
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.program import answers_of, forgotten
from recurra.analysis.failures import where_known
from recurra.tasks import Task
from recurra.wording import course_words


def workings_table(dossier: Dossier, task: Task) -> dict[str, Any]:
    """Regimes, memory states, fixed points and the program of a network; None for what its task does not have.

    What an analysis that failed would have found is None too; `failures` of `dossier_table` has the reasons.

    Args:
        dossier: of the network.
        task: what it was trained on.
    """
    memories = dossier.memories
    parts: dict[str, Callable[[], Any]] = {
        "regimes": lambda: regime_rows(dossier.regimes, task),
        "memory_states": lambda: memory_rows(memories.lifetimes, task) if memories else None,
        "noisy_lifetimes": lambda: _noisy(memories.noisy_lifetimes) if memories else None,
        "fixed_points": lambda: _points(dossier.fixed_points),
        "slow_points": lambda: {"count": len(dossier.slow_points), "speeds": dossier.slow_points.speed.tolist()},
        "program": lambda: _program(dossier.program, task),
        "pulse_table": lambda: _pulse_table(memories.pulse_table, task) if memories else None,
        "generalization": lambda: _generalization(memories.generalization) if memories else None,
        "alignment": lambda: _alignment(memories.alignment) if memories else None,
        "selectivity": lambda: {
            "none": int(dossier.selectivity.count[0]),
            "one": int(dossier.selectivity.count[1]),
            "several": int(dossier.selectivity.count[2]),
            "chance": dossier.selectivity.count_chance.tolist(),
            "chance_high": dossier.selectivity.count_chance_high.tolist(),
        },
        "demixed": lambda: {"marginal_variance": dossier.demixed.marginal_variance.tolist()},
        "tensors": lambda: {
            "error": dossier.tensors.error,
            "similarities": dossier.tensors.similarities.tolist(),
        },
    }
    return {name: where_known(part, None) for name, part in parts.items()}


def regime_rows(found: Regimes, task: Task) -> list[dict[str, Any]]:
    """A row a condition.

    Args:
        found: the regimes.
        task: its conditions have the names.
    """
    probe = task.probe()
    return [
        {
            "condition": probe.condition_names[int(number)],
            "kind": found.kind_of(at),
            "period_ms": float(found.period_ms[at]),
            "amplitude": float(found.amplitude[at]),
            "exponent_hz": float(found.exponent_hz[at]),
            "multiplier": float(found.multiplier[at]),
            "time_constant_ms": float(found.time_constant_ms[at]),
            "course": course_words(float(found.time_constant_ms[at])),
            "settled_ms": float(found.settled_ms[at]),
            "output": found.mean_output[at].tolist(),
        }
        for at, number in enumerate(np.asarray(probe.condition))
    ]


def condition_names(task: Task) -> list[str]:
    """The names of the conditions of the probe, in its order."""
    probe = task.probe()
    return [probe.condition_names[int(at)] for at in np.asarray(probe.condition)]


def memory_rows(lifetimes: Lifetimes, task: Task) -> list[dict[str, Any]]:
    """A row a memory state.

    Args:
        lifetimes: of the memories.
        task: its conditions are the memory states.
    """
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


def _noisy(found: NoisyLifetimes) -> dict[str, Any]:
    rows = zip(found.input_noise, found.mean_ms, found.low_ms, found.high_ms, found.failures, strict=True)
    return {
        "trials": found.trials,
        "barrier": found.barrier,
        "noises": [
            {"input_noise": noise, "mean_ms": mean, "interval_ms": [low, high], "failures": int(failures)}
            for noise, mean, low, high, failures in rows
        ],
    }


def _points(points: FixedPoints) -> dict[str, Any]:
    index, counts = np.unique(points.index, return_counts=True)
    return {
        "count": len(points),
        "by_index": {str(number): int(count) for number, count in zip(index, counts, strict=True)},
        "continua": int(points.continuum.sum()),
        "marginal": int(points.marginal.sum()),
        "residual_max": float(points.residual.max(initial=0.0)),
        "certified": points.certified,
        "stability_proved": int(points.stability_proved.sum()),
        "proved_stable": points.proved_stable,
        "missing_at_least": points.missing_at_least,
    }


def _program(found: Program, task: Task) -> dict[str, Any]:
    names, conditions = task.stimulus_names(), condition_names(task)
    lost = forgotten(found.after, answers_of(task))
    return {
        "forgotten": [{"attractor": end, "conditions": [conditions[at] for at in own]} for end, own in lost.items()],
        "all_forgotten": any(len(own) == len(found.after) for own in lost.values()),
        "attractors": [
            {"number": at, "kind": found.kind_of(at), "output": found.outputs[at].tolist()} for at in range(len(found))
        ],
        "after": dict(zip(conditions, map(_number, found.after), strict=True)),
        "stimuli": [dict(zip(names, map(_number, row), strict=True)) for row in found.following],
        "branches": [
            {"fixed_point": int(saddle), "leads_to": _number(end)}
            for saddle, end in zip(found.saddle, found.leads_to, strict=True)
        ],
    }


def _pulse_table(found: PulseTable, task: Task) -> dict[str, Any]:
    states, pulses = task.condition_names, task.stimulus_names()
    return {
        "right": found.right,
        "of": found.reached.size,
        "reached": {
            state: {pulse: states[end] if end >= 0 else None for pulse, end in zip(pulses, row, strict=True)}
            for state, row in zip(states, found.reached, strict=True)
        },
    }


def _generalization(found: Generalization) -> dict[str, Any]:
    names = ("score", "chance", "chance_high", "decoding")
    return {name: getattr(found, name).tolist() for name in names}


def _alignment(found: Alignment) -> dict[str, Any]:
    return {
        "readout": found.readout.tolist(),
        "readout_chance_high": found.readout_chance_high.tolist(),
        "leading": found.leading.tolist(),
        "leading_chance_high": found.leading_chance_high,
        "slow": found.slow.tolist(),
        "slow_chance_high": found.slow_chance_high,
        "states_used": found.states_used,
    }


def _number(attractor: int) -> int | None:
    """The number of an attractor; None where nothing was reached."""
    return int(attractor) if attractor >= 0 else None
