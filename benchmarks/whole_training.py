"""How long does a whole training of 20 networks take, in recurra and in Keras, by the papers' protocol?

    .venv/bin/python benchmarks/whole_training.py                    # 2 epochs, Keras with TensorFlow
    .venv/bin/python benchmarks/whole_training.py --epochs 20 --networks 20 --json whole.json

15,000 trials of 200 steps with two inputs (the 2-bit flip-flop), 50 units, batches of 64 in a new order every epoch,
Adam at 1e-4, the weights saved after every epoch. Keras trains one network on the same trials; its seconds are taken
times the number of networks, without the start of its process. recurra trains the cohort with `start_run`: sampling,
compilation, validation, log and checkpoints are all in its seconds. The processes run one after the other. The losses
are those of the last epoch, Keras's and the median of recurra's.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from rivals.environments import python_of
from training_step import ENVIRONMENTS, machine, positive

from recurra.runs.runner import SilentProgress, start_run
from recurra.runs.spec import RunSpec, read_table, to_spec, with_settings
from recurra.streams import Stream, random_key

TRIALS = 15_000


def spec_of(networks: int, epochs: int) -> RunSpec:
    """The papers' protocol for a task of this size; no network ends early."""
    steps = epochs * -(-TRIALS // 64)
    settings = ["task.bits=2", "task.length_ms=200.0", "model.units=50", "training.batch=64", "training.stop=never"]
    settings += [f"training.trials.count={TRIALS}", f"training.steps={steps}", f"networks={networks}"]
    return to_spec(with_settings(read_table("flipflop-paper"), settings))


def keras_seconds(spec: RunSpec, epochs: int, python: Path) -> dict[str, list[float]]:
    """Seconds of every epoch of one network, on the trials that recurra trains on."""
    script = Path(__file__).parent / "rivals" / "keras_train.py"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trials.npz"
        trials = spec.task.sample(random_key(spec.seed, Stream.trials), TRIALS)
        np.savez(path, inputs=np.asarray(trials.inputs), targets=np.asarray(trials.targets))
        done = subprocess.run(
            [str(python), str(script), str(path), str(epochs)], capture_output=True, text=True, check=True
        )
    return json.loads(done.stdout.splitlines()[-1])


def recurra_seconds(spec: RunSpec) -> tuple[float, list[float]]:
    """Seconds of the whole training, and the networks' last training losses."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        start_run(spec, Path(folder) / "run", False, SilentProgress())
        seconds = time.perf_counter() - began
        lines = [json.loads(line) for line in (Path(folder) / "run" / "log.jsonl").read_text().splitlines()]
    return seconds, [line["loss"] for line in lines[-spec.networks :]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=positive, default=20)
    parser.add_argument("--epochs", type=positive, default=2)
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers and the machine here")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, metavar="DIR", help="%(default)s")
    options = parser.parse_args()
    spec = spec_of(options.networks, options.epochs)
    python = python_of("keras_tensorflow", options.environments)
    rows = []
    heads = ("round", "Keras, one network, s", "times the networks, s", "recurra, all networks, s", "ratio", "losses")
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for turn in range(options.rounds):
        keras = keras_seconds(spec, options.epochs, python)
        ours, losses = recurra_seconds(spec)
        one = sum(keras["seconds_per_epoch"])
        rows.append({"keras": keras, "recurra_seconds": ours, "ratio": one * options.networks / ours, "losses": losses})
        cells = [
            f"{turn + 1}",
            f"{one:.2f}",
            f"{one * options.networks:.1f}",
            f"{ours:.2f}",
            f"{rows[-1]['ratio']:.1f}",
        ]
        cells.append(f"{keras['loss'][-1]:.4f}, {np.median(losses):.4f}")
        print("| " + " | ".join(cells) + " |", flush=True)
    ratios = [row["ratio"] for row in rows]
    print(f"\nmedian ratio {np.median(ratios):.1f} [{min(ratios):.1f}, {max(ratios):.1f}]")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rounds": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
