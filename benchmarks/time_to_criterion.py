"""How many seconds until 3-bit flip-flop networks are below the paper's mean squared error of 0.009?

    .venv/bin/python benchmarks/time_to_criterion.py flipflop                      # the quick preset, 4 networks
    .venv/bin/python benchmarks/time_to_criterion.py flipflop-paper --networks 1   # the paper's protocol, 400 units

Trains until every network's loss on 256 fresh trials has been below 0.009 at the end of an epoch. Prints, for every
network, epoch, training steps and seconds since the start, compilation and validation included.
"""

import argparse
import time

from training_step import positive

from recurra.engine import CHOICES
from recurra.runs.spec import presets, read_table, to_spec, with_settings

BOUND = 0.009


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", choices=presets())
    parser.add_argument("--networks", type=positive, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=CHOICES, default="auto")
    parser.add_argument("--set", action="append", dest="settings", default=[], metavar="KEY=VALUE", help="of the spec")
    options = parser.parse_args()
    settings = ["training.stop=loss", f"training.stop.bound={BOUND}", f"networks={options.networks}"]
    settings += [f"seed={options.seed}", *options.settings]
    training = to_spec(with_settings(read_table(options.preset), settings)).to_training(options.engine)
    print(f"{options.preset}, {training.model.units} units, engine {training.used_engine.about()}")
    print("| network | outcome | epoch | steps | seconds | loss |\n" + "|---" * 6 + "|")
    began, state = time.perf_counter(), training.start()
    while not state.ended:
        before = state.status
        state = training.advance(state)
        seconds = time.perf_counter() - began
        for at, status in enumerate(state.status):
            if status.ended and not before[at].ended:
                loss, steps = state.history.validation_loss[at, -1], int(state.history.step[-1])
                cells = [training.numbers[at], status.name, state.epoch, f"{steps:,}", f"{seconds:.1f}", f"{loss:.4f}"]
                print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
