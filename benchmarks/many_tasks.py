"""How well does each network of a run do each of its tasks, and how long did the training take?

    recurra train twenty-tasks --out runs/twenty
    .venv/bin/python benchmarks/many_tasks.py runs/twenty

Prints a Markdown table: the share of right trials of every task, on 1,000 fresh trials of it, for every network.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import recurra as rc

TRIALS, ENOUGH = 1_000, 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    cohort: Any = rc.load(parser.parse_args().run)
    every = cohort.task
    print(f"| task |{''.join(f' network {number} |' for number in cohort.numbers)}\n|{'---|' * (len(cohort) + 1)}")
    shares: list[list[float]] = []
    for at, name in enumerate(every.names):
        trials = every.sample_of(name, cohort.seed + 1, trials=TRIALS)
        found: Any = rc.task_performance(cohort, trials=trials)
        shares.append([float(one.success[at]) for one in found])
        print(f"| `{name}` | {' | '.join(f'{share:.3f}' for share in shares[-1])} |", flush=True)
    enough = (np.array(shares) > ENOUGH).sum(axis=0)
    print(f"| above {ENOUGH} | {' | '.join(f'{count} of {len(shares)}' for count in enough)} |")
    print(f"\n{cohort.origin.seconds / 3600:.1f} h of training, networks: {len(cohort)}")


if __name__ == "__main__":
    main()
