"""The memory capacities of docs/reservoirs.md: ten networks of each of four kinds of 100 units."""

import argparse

import numpy as np

import recurra as rc

KINDS = {  # the model's parts, and β
    "linear ring 0.9, one input unit": (
        {"activation": "linear", "initializer": rc.Ring(0.9), "input_initializer": rc.OneUnit()},
        2e-9,
    ),
    "tanh, orthogonal, inputs 0.1": ({"initializer": rc.Orthogonal(), "input_initializer": rc.Uniform(0.1)}, 2e-11),
    "linear, spectral radius 0.9": (
        {"activation": "linear", "initializer": rc.SpectralRadius(0.9), "input_initializer": rc.Uniform()},
        2e-7,
    ),
    "tanh, spectral radius 0.9, inputs 0.1": (
        {"initializer": rc.SpectralRadius(0.9), "input_initializer": rc.Uniform(0.1)},
        2e-11,
    ),
    "linear, spectral radius 0.9, smaller β": (
        {"activation": "linear", "initializer": rc.SpectralRadius(0.9), "input_initializer": rc.Uniform()},
        2e-11,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=10)
    networks = parser.parse_args().networks
    for name, (parts, ridge) in KINDS.items():
        model = rc.RateRNN(units=100, tau_ms=1.0, **parts)
        found = np.array([_capacity(model, ridge, seed) for seed in range(networks)])
        print(f"{name:40} β {ridge:g}: {found.mean():.1f} ({found.min():.1f} to {found.max():.1f})", flush=True)


def _capacity(model: rc.RateRNN, ridge: float, seed: int) -> float:
    network = rc.Network(model.dynamics(1.0), model.start(seed, 1, 1), 1.0)
    return rc.memory_capacity(network, ridge=ridge, steps=5_000, seed=seed).capacity


if __name__ == "__main__":
    main()
