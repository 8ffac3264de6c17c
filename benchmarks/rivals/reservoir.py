"""Worker of reservoirs.py: fits a readout to one long series and runs it on the next, again and again.

    python reservoir.py CONTENDER UNITS STEPS REPEAT

prints a line of JSON: seconds of every fit and run, and the normalized error of the last run. The first fit of a
process includes what is compiled. Every fit is of a new reservoir; drawing it is part of the fit.
"""

# pyright: reportMissingImports=false
# ruff: noqa: PLC0415 - every contender imports its own
# reservoirpy is in an environment of its own.

import json
import sys
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np

CONNECTIVITY, RADIUS, LEAK, RIDGE, WARMUP = 0.1, 0.9, 0.3, 1e-6, 100  # the first is reservoirpy's default
Run = Callable[[np.ndarray], np.ndarray]  # outputs for inputs, both (time, channel)
Fit = Callable[[np.ndarray, np.ndarray, int], Run]  # of inputs, targets and a seed


def narma(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and the output of the NARMA system of order 10 that receives it."""
    u = np.random.default_rng(0).uniform(0, 0.5, steps)
    y = np.zeros(steps + 10)  # ten zeros before the beginning
    for t in range(steps):
        past = y[t : t + 10]
        product = u[t - 9] * u[t] if t >= 9 else 0.0
        y[t + 10] = min(0.3 * past[-1] + 0.05 * past[-1] * past.sum() + 1.5 * product + 0.1, 1.0)
    return u[:, None], y[10:, None]


def of_recurra(units: int) -> Fit:
    import recurra as rc

    def fit(u: np.ndarray, y: np.ndarray, seed: int) -> Run:
        model = rc.RateRNN(
            units=units,
            tau_ms=1 / LEAK,
            initializer=rc.Normal(),
            constraints=(rc.Sparse(CONNECTIVITY), rc.SpectralRadius(RADIUS)),
            input_initializer=rc.Signs(1.0, density=CONNECTIVITY),
        )
        task = cast(Any, rc.Series)(u, y, horizon=0, length_ms=float(len(u)), settle_ms=float(WARMUP))
        once = rc.FreshTrials(steps_an_epoch=1)
        rule = rc.Ridge(ridge=RIDGE / (len(u) - WARMUP), steps=1, batch=1, validation_trials=1, trials=once)
        network = rc.train(task, model, rule, networks=1, seed=seed, progress=False)[0]
        return lambda inputs: network.respond(inputs[None])[0]

    return fit


def of_reservoirpy(units: int, backend: str, dense: bool) -> Fit:
    if backend == "jax":
        from reservoirpy.jax import ESN
    else:
        from reservoirpy import ESN

    def fit(u: np.ndarray, y: np.ndarray, seed: int) -> Run:
        own = {"W": _dense(units, seed)} if dense else {"sr": RADIUS, "rc_connectivity": CONNECTIVITY}
        network = ESN(units=units, lr=LEAK, ridge=RIDGE, seed=seed, **own)
        network.fit(u, y, warmup=WARMUP)
        return lambda inputs: np.asarray(network.run(inputs))

    return fit


def _dense(units: int, seed: int) -> object:
    """The sparse matrix as a dense array of JAX, which may be the faster choice for few units."""
    import jax.numpy as jnp
    from reservoirpy.mat_gen import normal

    return jnp.asarray(normal(units, units, sr=RADIUS, connectivity=CONNECTIVITY, seed=seed).toarray())


def main() -> None:
    contender, units, steps, repeat = sys.argv[1], *map(int, sys.argv[2:])
    if contender == "recurra":
        fit = of_recurra(units)
    else:
        fit = of_reservoirpy(units, "jax" if "jax" in contender else "numpy", contender.endswith("dense"))
    u, y = narma(2 * steps)
    fits, runs, error = [], [], float("nan")
    for seed in range(repeat):
        began = time.perf_counter()
        run = fit(u[:steps], y[:steps], seed)
        fitted = time.perf_counter()
        answers = run(u[steps:])
        runs.append(time.perf_counter() - fitted)
        fits.append(fitted - began)
        wrong = (answers - y[steps:])[WARMUP:]
        error = float((wrong**2).sum() / (y[steps:][WARMUP:] ** 2).sum())
    print(json.dumps({"fit": fits, "run": runs, "error": error}))


if __name__ == "__main__":
    main()
