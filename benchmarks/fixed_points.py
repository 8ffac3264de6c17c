"""How many true fixed points does a search find, and how long does it take, in recurra and in what others offer?

    .venv/bin/python benchmarks/fixed_points.py
    .venv/bin/python benchmarks/fixed_points.py --on and setreset --rounds 5 --json fixed_points.json
    .venv/bin/python benchmarks/fixed_points.py --only recurra published
    .venv/bin/python benchmarks/fixed_points.py --on gru

The networks are two published ones of 50 units, the published 3-bit flip-flop of 400 units, and a GRU of 100 units,
which recurra trains by its preset; where --networks lacks a file, it trains a network by the task's preset too. The
input is zero. The starts are states on noiseless trials plus normal noise of standard deviation 0.1; of the GRU, which
recurra alone searches, uniform within -1 and 1, where all its states are. They are drawn once, written to a file, and
every contender reads that file. Every contender has the settings that it has by default:

- recurra: `fixed_points`, Newton's method in float64;
- fixedpointfinder: FixedPointFinder (Golub and Sussillo 2018) has no release on PyPI and is not measured;
- published: the published algorithm, our code. Adam on the mean of q = |F(x) - x|^2 / 2 in float32 with the defaults of
  FixedPointFinder's torch version, its distinct points, its rejection of outliers, Jacobians and their eigenvectors;
- neuralrnn: NeuralRNN's NumericFixedPointFinder, 10,000 steps of Adam;
- neuralrnn_golub: NeuralRNN's GolubFixedPointFinder, gradient descent with a rate for every start; it sets what is
  negative in the starts to zero.

A point is exact if |f(h) - h| < 1e-8 in float64 at the state as it was returned. A state in float32 is hardly ever: to
round it moves it by about 1e-7. So a point is also said to be near if there is a fixed point from which no unit differs
by more than 1e-3, as FixedPointFinder tells points apart. The fixed points for this are those that recurra finds from
the starts, and those that Newton's method reaches from the returned states themselves, which recurra may have missed.
Descent that is still on its way, slow where the Jacobian is almost singular, ends further off: the table also counts
recurra's points that have a returned one within 0.1, and --json has every distance. More steps would bring it closer.

Run it in recurra's environment; rivals get environments of their own in --environments, made when they are missing.
Every contender is a process that waits while another is measured. Its first call, which compiles and loads what the
search needs, stands apart. Then it has its turn in every round; if the first call took more than a minute it has none,
and that call is its time. Wants a machine that does nothing else: torch's threads wait for each other, and where others
compute on the same cores its times grow tenfold and more.
"""

# pyright: reportMissingImports=false
# The rivals run this file in their own environments, where recurra is missing; in recurra's torch is.

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rivals.environments import NotMeasured, python_of, versions
from rivals.workers import Worker
from training_step import ENVIRONMENTS, machine, positive

if TYPE_CHECKING:
    from recurra.models import Network

NETWORKS = Path(__file__).parents[2] / "shared" / "reference" / "networks"
SPREAD, SEED = 0.1, 0  # of the starts
EXACT = 1e-8  # residual of an exact point
NEAR, ROUGH, SAME = 1e-3, 0.1, 1e-6  # a point is near a fixed point, or roughly there; two fixed points are one
LONG_S = 60.0  # a contender whose first call takes longer is not called again
UNSET = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)  # kernels for old OpenBLAS builds; they would slow a current numpy down

Search = Callable[[], np.ndarray]  # one search from all starts: the points, (point, unit)
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """A network, the number of starts, and the seconds that recurra should stay below on 2 cores."""

    file: str
    task: str
    starts: int
    target_s: float
    settings: tuple[str, ...] = ()  # of the preset, where there is no file
    cell: str = ""  # of a network that no file holds and no rival is set up for; its starts are uniform

    @property
    def preset(self) -> str:
        return f"{self.task}-{self.cell}" if self.cell else self.task


PROBLEMS = {
    "and": Problem("and_n50_orthogonal_04_epoch19.hdf5", "and", 400, 0.3),
    "setreset": Problem("setreset_n50_orthogonal_06_epoch19.hdf5", "setreset", 400, 0.3),
    "flipflop": Problem(
        "flipflop3_n400_epoch20.hdf5", "flipflop", 500, 15.0, ("model.units=400", "training.batch=128")
    ),
    "gru": Problem("", "flipflop", 400, 1.0, ("model.units=100",), cell="gru"),
}


def recurra_search(folder: Path) -> Search:
    """recurra's own."""
    from recurra.analysis import fixed_points  # noqa: PLC0415 - rivals have no recurra

    network, starts = read_problem(folder)
    return lambda: fixed_points(network, starts=starts, inputs=0.0).states


def published_search(folder: Path) -> Search:
    """The published algorithm, our code, with the defaults of FixedPointFinder's torch version.

    They are those that its documentation states: rate 1, times 0.95 after more than 5 steps without progress, at most
    5,000 steps, q below 1e-12. Where it returns the state one step after the last that it tested, this returns the
    tested one, unless the steps run out. It was written from its description and never run beside the original.
    """
    import torch  # noqa: PLC0415 - it is in an environment of its own

    arrays, starts = read_arrays(folder)
    recurrent = torch.tensor(arrays["recurrent"], dtype=torch.float32)
    bias = torch.tensor(arrays["recurrent_bias"], dtype=torch.float32)

    def step(states: torch.Tensor) -> torch.Tensor:
        return torch.tanh(states @ recurrent.T + bias)

    def descend() -> torch.Tensor:
        states = torch.tensor(starts, dtype=torch.float32, requires_grad=True)
        adam = torch.optim.Adam([states], lr=1.0)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.95, patience=5)
        before = torch.full((len(starts),), torch.nan)
        for _ in range(5_000):
            adam.zero_grad()
            q = 0.5 * ((step(states) - states) ** 2).sum(dim=1)
            least_change = 1e-20 * adam.param_groups[0]["lr"]
            if bool(((q < 1e-12) | ((q - before).abs() < least_change)).all()):
                break
            q.mean().backward()
            adam.step()
            schedule.step(q.mean().detach())
            before = q.detach()
        return states.detach()

    def search() -> np.ndarray:
        found = descend().numpy()
        found = found[np.unique(found.round(3), axis=0, return_index=True)[1]]
        center = starts.mean(axis=0)
        scale = np.linalg.norm(starts - center, axis=1).mean()
        found = found[np.linalg.norm(found - center, axis=1) < 10 * scale]
        jacobians = torch.func.vmap(torch.func.jacrev(step))(torch.from_numpy(found))
        np.linalg.eig(jacobians.numpy())
        return found

    return search


def neuralrnn_search(folder: Path) -> Search:
    """NeuralRNN's finder with Adam."""
    import torch  # noqa: PLC0415 - it is in an environment of its own
    from neuralrnn.analysis import NumericFixedPointFinder  # noqa: PLC0415 - so is this

    arrays, starts = read_arrays(folder)
    model, silence = neuralrnn_model(arrays), torch.zeros(arrays["input"].shape[1])
    states = torch.tensor(starts, dtype=torch.float32)
    finder = NumericFixedPointFinder()
    return lambda: finder.find(model, task_input=silence, init_states=states).coords()


def neuralrnn_golub_search(folder: Path) -> Search:
    """NeuralRNN's finder with a rate for every start, its noise off, so that it takes every start once."""
    import torch  # noqa: PLC0415 - it is in an environment of its own
    from neuralrnn.analysis import GolubFixedPointFinder  # noqa: PLC0415 - so is this

    arrays, starts = read_arrays(folder)
    model, silence = neuralrnn_model(arrays), torch.zeros(arrays["input"].shape[1])
    finder = GolubFixedPointFinder(n_candidates=len(starts), noise_scale=0.0, seed=SEED)
    return lambda: finder.find(model, task_input=silence, init_states=starts).coords()


def neuralrnn_model(arrays: Arrays) -> Any:
    """NeuralRNN's continuous-time network with these weights; with alpha = 1 it is the vanilla network."""
    import torch  # noqa: PLC0415 - it is in an environment of its own
    from neuralrnn import AutoConfig, AutoModel  # noqa: PLC0415 - so is this

    units, inputs = arrays["input"].shape
    sizes = {"input_dim": inputs, "latent_dim": units, "output_dim": len(arrays["output"])}
    model = AutoModel.from_config(AutoConfig.for_model("ctrnn", **sizes, alpha=1.0, activation="tanh"))
    with torch.no_grad():
        model.h2h.weight.copy_(torch.from_numpy(arrays["recurrent"]))
        model.h2h.bias.copy_(torch.from_numpy(arrays["recurrent_bias"]))
        model.input2h.weight.copy_(torch.from_numpy(arrays["input"]))
        model.input2h.bias.zero_()
    return model


@dataclass(frozen=True)
class Contender:
    """How its search is prepared, the environment that it runs in, or why it cannot be measured."""

    environment: str = "recurra"
    prepare: Callable[[Path], Search] | None = None
    absent: str = ""


CONTENDERS = {
    "recurra": Contender("recurra", recurra_search),
    "fixedpointfinder": Contender(absent="not installable here: FixedPointFinder has no release on PyPI"),
    "published": Contender("torch", published_search),
    "neuralrnn": Contender("neuralrnn", neuralrnn_search),
    "neuralrnn_golub": Contender("neuralrnn", neuralrnn_golub_search),
}


class Searcher(Worker):
    """A process that waits at its standard input until it is asked to search."""

    def __init__(self, name: str, python: Path, folder: Path):
        environ = {key: value for key, value in os.environ.items() if key not in UNSET}
        super().__init__([str(python), __file__, "--worker", name, str(folder)], environ)

    def ready(self) -> None:
        """Wait until everything is loaded and nothing is computed any more."""
        self._answer()

    def search(self) -> float:
        """The seconds of one search; returns when the worker is idle again."""
        try:
            print("search", file=self.requests, flush=True)
        except BrokenPipeError:
            raise NotMeasured(self._last_words()) from None
        return self._answer()

    def _answer(self) -> float:
        answer = self.answers.readline()
        if not answer:
            raise NotMeasured(self._last_words())
        self._settle()
        return float(json.loads(answer))


def serve(name: str, folder: Path) -> None:
    """The worker: a line when it is ready; then a search for every line at standard input, and a line with its seconds.

    The points of the last search are in a file.
    """
    contender = CONTENDERS[name]
    if contender.prepare is None:
        raise SystemExit(contender.absent)
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints goes to standard error
        search = contender.prepare(folder)
        print(0.0, file=answers, flush=True)
        for _ in sys.stdin:
            began = time.perf_counter()
            states = search()
            seconds = time.perf_counter() - began
            np.save(points_file(folder, name), np.asarray(states, np.float64))
            print(json.dumps(seconds), file=answers, flush=True)


def points_file(folder: Path, name: str) -> Path:
    """Where a contender's points are."""
    return folder / f"{name}.points.npy"


def read_arrays(folder: Path) -> tuple[Arrays, np.ndarray]:
    """The weights of the problem's network, and the starts."""
    with np.load(folder / "network.npz") as file:
        arrays = {name: file[name] for name in file}
    if str(arrays["form"]) != "rate" or str(arrays["activation"]) != "tanh" or float(arrays["leak"]) != 1:
        raise SystemExit("the network is not h = tanh(W h + V x + b); the rivals are set up for no other")
    return arrays, np.load(folder / "starts.npy")


def read_problem(folder: Path) -> "tuple[Network, np.ndarray]":
    """The problem's network, and the starts, as recurra reads them."""
    from recurra.runs.imports import read_network  # noqa: PLC0415 - rivals have no recurra

    with np.load(folder / "network.npz") as file:
        dt_ms = float(file["dt_ms"])
    return read_network(folder / "network.npz", dt_ms), np.load(folder / "starts.npy")


def write_problem(problem: Problem, networks: Path, starts: int, folder: Path) -> str:
    """Write the network and its starts for every contender to read; says where the network is from."""
    from recurra.analysis import starts_near  # noqa: PLC0415 - rivals have no recurra
    from recurra.runs.imports import read_network_for  # noqa: PLC0415 - and here
    from recurra.tasks import TASKS  # noqa: PLC0415 - so here

    path, task = networks / problem.file, TASKS[problem.task]()
    if problem.file and path.is_file():
        network, origin = read_network_for(path, task), f"published, {problem.file}"
    else:
        missing = f"there is no {path}; " if problem.file else ""
        print(f"{missing}training a network by the preset {problem.preset}", file=sys.stderr, flush=True)
        network, origin = trained(problem), f"trained by the preset {problem.preset}, seed {SEED}"
    states, _ = network.run(task.probe().inputs)
    drawn = starts_near(states=states, starts=starts, spread=SPREAD, seed=SEED)
    network.save(folder / "network.npz", overwrite=True)
    np.save(folder / "starts.npy", np.random.default_rng(SEED).uniform(-1, 1, drawn.shape) if problem.cell else drawn)
    return origin


def trained(problem: Problem) -> "Network":
    """A network of the preset."""
    from recurra.runs.spec import read_table, to_spec, with_settings  # noqa: PLC0415 - rivals have no recurra

    settings = ["networks=1", f"seed={SEED}", *problem.settings]
    training = to_spec(with_settings(read_table(problem.preset), settings)).to_training()
    state = training.start()
    while not state.ended:
        state = training.advance(state)
    return training.cohort(state)[0]


@dataclass
class Measured:
    """Seconds of every contender's first call and of its turns, or why there are none."""

    first: dict[str, float] = field(default_factory=dict)
    rounds: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def measure(folder: Path, pythons: dict[str, Path], rounds: int, label: str) -> Measured:
    """The first call of every contender, then all rounds."""
    measured = Measured()
    workers: dict[str, Searcher] = {}
    with ExitStack() as stack:
        for turn, name in itertools.product(range(rounds + 1), pythons):
            if name in measured.failed or (turn and measured.first[name] > LONG_S):
                continue
            step = f"{label}  {f'round {turn}/{rounds}' if turn else 'first call'}  {name}"
            try:
                if name not in workers:
                    workers[name] = stack.enter_context(closing(Searcher(name, pythons[name], folder)))
                    workers[name].ready()
                seconds = workers[name].search()
            except NotMeasured as reason:
                measured.failed[name] = str(reason)
                print(f"{step}  not measured: {reason}", file=sys.stderr, flush=True)
                continue
            measured.first.setdefault(name, seconds)
            if turn or seconds > LONG_S:
                measured.rounds.setdefault(name, []).append(seconds)
            print(f"{step}  {seconds:.3g} s", file=sys.stderr, flush=True)
    return measured


@dataclass(frozen=True)
class Judge:
    """What a network's fixed points are: recurra's from the starts, with the unstable modes of each."""

    network: "Network"
    states: np.ndarray
    index: np.ndarray

    @staticmethod
    def of(folder: Path) -> "Judge":
        from recurra.analysis import fixed_points  # noqa: PLC0415 - rivals have no recurra

        network, starts = read_problem(folder)
        found = fixed_points(network, starts=starts, inputs=0.0)
        return Judge(network, found.states, found.index)

    def verdict(self, returned: np.ndarray) -> dict[str, Any]:
        """How many of the returned points are exact, how many near a fixed point, and which of recurra's they are."""
        from recurra.analysis.dynamics.flows import flow_of  # noqa: PLC0415 - rivals have no recurra

        finite = returned[np.isfinite(returned).all(axis=1)]
        residual = np.linalg.norm(flow_of(self.network, 0.0).displacement(finite), axis=1)
        exact = finite[residual < EXACT]
        others = self.missed_by_recurra(finite)
        nearest, distance = nearest_of(np.concatenate([self.states, others]), finite)
        met = np.unique(nearest[distance <= NEAR])
        exact_nearest, exact_distance = nearest_of(self.states, exact)
        return {
            "returned": len(returned),
            "residual": sorted(residual.tolist()),
            "exact": len(exact),
            "exact_distinct": len(apart(exact, SAME)),
            "exact_of_recurra": self.marked(exact_nearest[exact_distance <= SAME]),
            "distance": [float(one) if np.isfinite(one) else None for one in np.sort(distance)],
            "near": int((distance <= NEAR).sum()),
            "near_distinct": len(met),
            "near_of_recurra": self.marked(met[met < len(self.states)]),
            "rough_of_recurra": self.marked(nearest[distance <= ROUGH]),
            "not_in_recurra": int((met >= len(self.states)).sum()),
        }

    def missed_by_recurra(self, states: np.ndarray) -> np.ndarray:
        """The fixed points that Newton's method reaches from the states, without those that recurra has."""
        from recurra.analysis import fixed_points  # noqa: PLC0415 - rivals have no recurra

        reached = fixed_points(self.network, starts=states, inputs=0.0).states if len(states) else states
        return reached[nearest_of(self.states, reached)[1] > SAME]

    def marked(self, at: np.ndarray) -> list[bool]:
        """For each of recurra's points whether it is among these."""
        return np.isin(np.arange(len(self.states)), at).tolist()


def nearest_of(points: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest point to every state, and the largest difference of a unit from it; infinite without points."""
    if not len(points):
        return np.zeros(len(states), int), np.full(len(states), np.inf)
    distances = np.array([np.abs(points - state).max(axis=1) for state in states]).reshape(-1, len(points))
    return distances.argmin(axis=1), distances.min(axis=1)


def apart(states: np.ndarray, distance: float) -> list[np.ndarray]:
    """States of which a unit differs by more than this from all others, one for each group."""
    kept: list[np.ndarray] = []
    for state in states:
        if nearest_of(np.array(kept), state[None])[1][0] > distance:
            kept.append(state)
    return kept


def row(name: str, measured: Measured, judge: Judge, folder: Path) -> dict[str, Any]:
    """One contender at one network."""
    if name in measured.failed:
        return {"contender": name, "not_measured": measured.failed[name]}
    rounds = measured.rounds[name]
    states = np.load(points_file(folder, name)).reshape(-1, judge.states.shape[1])
    return {
        "contender": name,
        "first_s": measured.first[name],
        "rounds_s": rounds,
        "seconds": [min(rounds), statistics.median(rounds), max(rounds)],
        **judge.verdict(states),
    }


def by_index(found: list[bool], index: list[int]) -> str:
    """How many of recurra's points were found, by their number of unstable modes: "0: 2 of 2, 6: 1 of 1"."""
    modes = np.array(index, int)
    return ", ".join(
        f"{one}: {np.array(found)[modes == one].sum()} of {(modes == one).sum()}" for one in np.unique(modes)
    )


HEADS = ["contender", "first call, s", "s [least, most]", "points", "exact", "distinct", "of recurra's"]
HEADS += ["near", "distinct", "of recurra's, by unstable modes", "not in recurra's", "of recurra's, within 0.1"]


def markdown(found: dict[str, Any], index: list[int]) -> str:
    """A row of the table."""
    if "not_measured" in found:
        cells = [found["contender"], "not measured: " + found["not_measured"].replace("|", "/")]
        return "| " + " | ".join(cells + [""] * (len(HEADS) - len(cells))) + " |"
    least, middle, most = (f"{seconds:.3g}" for seconds in found["seconds"])
    cells = [found["contender"], f"{found['first_s']:.3g}", f"{middle} [{least}, {most}]", found["returned"]]
    cells += [found["exact"], found["exact_distinct"], f"{sum(found['exact_of_recurra'])} of {len(index)}"]
    cells += [found["near"], found["near_distinct"], by_index(found["near_of_recurra"], index), found["not_in_recurra"]]
    cells += [f"{sum(found['rough_of_recurra'])} of {len(index)}"]
    return "| " + " | ".join(map(str, cells)) + " |"


def report(found: dict[str, Any]) -> str:
    """A network's table, and whether recurra is as fast as it should be."""
    title = f"{found['network']} ({found['origin']}), {found['units']} units, {found['starts']} starts"
    lines = [title, "", "| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    lines += [markdown(one, found["index"]) for one in found["rows"]]
    ours = next((one for one in found["rows"] if one["contender"] == "recurra" and "seconds" in one), None)
    if ours and found["target_s"] is not None:
        seconds, target = ours["seconds"][1], found["target_s"]
        lines += ["", f"recurra: {seconds:.3g} s; aim below {target:g} s: {'met' if seconds < target else 'missed'}"]
    return "\n".join(lines) + "\n"


def compare(problem: str, options: argparse.Namespace, pythons: dict[str, Path], failed: dict[str, str]) -> dict:
    """All contenders at one network."""
    asked = PROBLEMS[problem]
    starts = options.starts or asked.starts
    with folder_of(options.keep, problem) as folder:
        origin = write_problem(asked, options.networks, starts, folder)
        if asked.cell:
            pythons = {name: python for name, python in pythons.items() if name == "recurra"}
            failed = dict.fromkeys(set(CONTENDERS) - {"recurra"}, "set up for vanilla networks only")
        measured = measure(folder, pythons, options.rounds, problem)
        measured.failed |= failed
        judge = Judge.of(folder)
        rows = [row(name, measured, judge, folder) for name in CONTENDERS if name in options.only]
    return {
        "network": problem,
        "origin": origin,
        "units": judge.states.shape[1],
        "starts": starts,
        "target_s": asked.target_s if starts == asked.starts else None,
        "index": judge.index.tolist(),
        "rows": rows,
    }


@contextmanager
def folder_of(keep: Path | None, problem: str) -> Iterator[Path]:
    """Where a network, its starts and all points are: a folder that stays, or one for the time being."""
    if keep is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    else:
        (keep / problem).mkdir(parents=True, exist_ok=True)
        yield keep / problem


def pythons_of(names: list[str], folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The Python that each contender runs in, and why others have none."""
    pythons, failed = {}, {}
    for name in names:
        if CONTENDERS[name].absent:
            failed[name] = CONTENDERS[name].absent
            continue
        try:
            pythons[name] = python_of(CONTENDERS[name].environment, folder)
        except NotMeasured as reason:
            failed[name] = str(reason)
    return pythons, failed


def read_options() -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(CONTENDERS), metavar="NAME", help=", ".join(CONTENDERS))
    parser.add_argument("--on", nargs="+", default=list(PROBLEMS), metavar="NETWORK", help=", ".join(PROBLEMS))
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--starts", type=positive, help="other than 400, and 500 for 400 units")
    parser.add_argument("--networks", type=Path, default=NETWORKS, metavar="FOLDER", help="%(default)s")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave networks, starts and points here")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write all numbers, the machine and the versions here"
    )
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, metavar="DIR", help="%(default)s")
    parser.add_argument("--worker", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    for asked, known in ((options.only, CONTENDERS), (options.on, PROBLEMS)):
        if unknown := set(asked) - set(known):
            parser.error(f"unknown {', '.join(sorted(unknown))}; expected one of: {', '.join(known)}")
    if options.json and not options.json.parent.is_dir():
        parser.error(f"--json {options.json}: there is no folder {options.json.parent}")
    if options.environments.exists() and not options.environments.is_dir():
        parser.error(f"--environments {options.environments} is no folder")
    return options


def main() -> None:
    options = read_options()
    if options.worker:
        serve(options.worker[0], Path(options.worker[1]))
        return
    pythons, failed = pythons_of([name for name in CONTENDERS if name in options.only], options.environments)
    described = machine()
    print(f"{described['processor']}, {described['cores']} cores ({', '.join(described['instruction_sets'])})\n")
    compared = []
    for problem in (name for name in PROBLEMS if name in options.on):
        compared.append(compare(problem, options, pythons, failed))
        print(report(compared[-1]), flush=True)
    if options.json:
        packages = {name: versions(python) for name, python in pythons.items()}
        contents = {"machine": described, "packages": packages, "rounds": options.rounds, "networks": compared}
        options.json.write_text(json.dumps(contents, indent=1) + "\n")


if __name__ == "__main__":
    main()
