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
from recurra.words.choices import chronometric_rows, psychometric_rows


def workings_table(dossier: Dossier, task: Task) -> dict[str, Any]:
    """Regimes, memory states, fixed points and the program of a network; None for a part that its task does not have.

    The part of an analysis that failed is None too; `failures` of `dossier_table` has the reasons.

    Args:
        dossier: the dossier of the network.
        task: the task the network was trained on.
    """
    memories, choices = dossier.memories, dossier.choices
    parts: dict[str, Callable[[], Any]] = {
        "regimes": lambda: regime_rows(dossier.regimes, task),
        "psychometric": lambda: psychometric_rows(choices.psychometric) if choices else None,
        "chronometric": lambda: chronometric_rows(choices.chronometric) if choices else None,
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


def regime_rows(regimes: Regimes, task: Task) -> list[dict[str, Any]]:
    """One row per condition.

    Args:
        regimes: the regimes of the network.
        task: the task of the network, which names the conditions.
    """
    probe = task.probe()
    return [
        {
            "condition": probe.condition_names[int(number)],
            "kind": regimes.kind_of(at),
            "period_ms": float(regimes.period_ms[at]),
            "amplitude": float(regimes.amplitude[at]),
            "exponent_hz": float(regimes.exponent_hz[at]),
            "multiplier": float(regimes.multiplier[at]),
            "time_constant_ms": float(regimes.time_constant_ms[at]),
            "course": course_words(float(regimes.time_constant_ms[at])),
            "settled_ms": float(regimes.settled_ms[at]),
            "output": regimes.mean_output[at].tolist(),
        }
        for at, number in enumerate(np.asarray(probe.condition))
    ]


def condition_names(task: Task) -> list[str]:
    """The names of the conditions of the probe, in its order."""
    probe = task.probe()
    return [probe.condition_names[int(at)] for at in np.asarray(probe.condition)]


def memory_rows(lifetimes: Lifetimes, task: Task) -> list[dict[str, Any]]:
    """One row per memory state.

    Args:
        lifetimes: the lifetimes of the memories.
        task: the task of the network, whose conditions are the memory states.
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


def _noisy(lifetimes: NoisyLifetimes) -> dict[str, Any]:
    rows = zip(
        lifetimes.input_noise, lifetimes.mean_ms, lifetimes.low_ms, lifetimes.high_ms, lifetimes.failures, strict=True
    )
    return {
        "trials": lifetimes.trials,
        "barrier": lifetimes.barrier,
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


def _program(program: Program, task: Task) -> dict[str, Any]:
    names, conditions = task.stimulus_names(), condition_names(task)
    lost = forgotten(program.after, answers_of(task))
    return {
        "forgotten": [{"attractor": end, "conditions": [conditions[at] for at in own]} for end, own in lost.items()],
        "all_forgotten": any(len(own) == len(program.after) for own in lost.values()),
        "attractors": [
            {"number": at, "kind": program.kind_of(at), "output": program.outputs[at].tolist()}
            for at in range(len(program))
        ],
        "after": dict(zip(conditions, map(_number, program.after), strict=True)),
        "stimuli": [dict(zip(names, map(_number, row), strict=True)) for row in program.following],
        "branches": [
            {"fixed_point": int(saddle), "leads_to": _number(end)}
            for saddle, end in zip(program.saddle, program.leads_to, strict=True)
        ],
    }


def _pulse_table(table: PulseTable, task: Task) -> dict[str, Any]:
    states, pulses = task.condition_names, task.stimulus_names()
    return {
        "right": table.right,
        "of": table.reached.size,
        "reached": {
            state: {pulse: states[end] if end >= 0 else None for pulse, end in zip(pulses, row, strict=True)}
            for state, row in zip(states, table.reached, strict=True)
        },
    }


def _generalization(generalization: Generalization) -> dict[str, Any]:
    names = ("score", "chance", "chance_high", "decoding")
    return {name: getattr(generalization, name).tolist() for name in names}


def _alignment(alignment: Alignment) -> dict[str, Any]:
    return {
        "readout": alignment.readout.tolist(),
        "readout_chance_high": alignment.readout_chance_high.tolist(),
        "leading": alignment.leading.tolist(),
        "leading_chance_high": alignment.leading_chance_high,
        "slow": alignment.slow.tolist(),
        "slow_chance_high": alignment.slow_chance_high,
        "states_used": alignment.states_used,
    }


def _number(attractor: int) -> int | None:
    """The number of an attractor; None if no attractor was reached."""
    return int(attractor) if attractor >= 0 else None
