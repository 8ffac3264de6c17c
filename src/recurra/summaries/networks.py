"""What is shown of cohorts, networks, histories and trials."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from recurra.arrays import Weights
from recurra.intervals import Proportion
from recurra.models.cohort import Cohort, History, Origin
from recurra.models.network import Network
from recurra.plotting.scenes.learning import LOSS_TOP
from recurra.summaries.fields import array_words, facts_of, title_of
from recurra.summaries.sparklines import line, log_lines, plane
from recurra.summaries.summary import Fact, Picture, Summary, Table
from recurra.tasks.trials import Trials
from recurra.wording import percent, three, time_words

MOST_ROWS = 20  # of a table; the others are summed up
MOST_UNITS = 300  # of a network whose eigenvalues are computed for a picture


def counted(words: Iterable[str]) -> str:
    """How often each word occurs: "reached 18, diverged 2"."""
    return ", ".join(f"{word} {count:,}" for word, count in Counter(words).most_common())


def cohort_summary(cohort: Cohort) -> Summary:
    """How the training of the networks ended; in a notebook a row with the learning curve of each network."""
    history, count = cohort.history, len(cohort)
    loss, success = _latest(history.validation_loss), _latest(history.success)
    title = (
        f"Cohort: {count:,} × {type(cohort.model).__name__}, {cohort.weights.units} units, on the {cohort.task.title}"
    )
    steps = f"{int(history.step[-1]):,}" if len(history.step) else "0"
    facts = (
        Fact(
            "status",
            counted(status.name for status in cohort.status) or "none",
            "how the training of each network ended",
        ),
        Fact("validation loss", array_words(loss), "of each network, at the end of its training"),
        Fact("success", array_words(success), "share of validation trials that are a success"),
        *_stages(history),
        *([Fact("start", cohort.start.words(), "from where the weights before training are")] if cohort.start else []),
        Fact("training", f"{type(cohort.rule).__name__}, {steps} steps, seed {cohort.seed}{_seconds(cohort.origin)}"),
        Fact("weights", ", ".join(cohort.weights.axes()), "arrays with a leading axis network"),
    )
    return Summary(title, facts=facts, table=_cohort_table(cohort, loss, success))


def _stages(history: History) -> tuple[Fact, ...]:
    """How far the networks came in a curriculum, if there is one."""
    if history.stages_left is None:
        return ()
    left = array_words(_latest(history.stages_left))
    return (Fact("stages left", left, "of the curriculum before the task itself, at the end of the training"),)


def _cohort_table(cohort: Cohort, loss: Float[np.ndarray, "network"], success: Float[np.ndarray, "network"]) -> Table:
    shown = range(min(len(cohort), MOST_ROWS))
    curves = log_lines(cohort.history.validation_loss[: len(shown)], LOSS_TOP)
    rows = tuple(
        (
            str(cohort.numbers[at]),
            cohort.status[at].name,
            _steps(cohort.history, at),
            three(float(loss[at])),
            percent(float(success[at])),
            curves[at],
        )
        for at in shown
    )
    left = cohort.status[len(shown) :]
    rest = f"and {len(left):,} more networks: {counted(status.name for status in left)}" if left else ""
    headings = ("network", "status", "steps", "validation loss", "success (%)", "loss by epoch (logarithmic)")
    return Table(headings, rows, rest)


def network_summary(network: Network) -> Summary:
    """The equations, sizes and weights of a network; in a notebook the eigenvalues of its recurrent weights too."""
    weights, dynamics = network.weights, network.dynamics
    title = (
        f"Network: {type(dynamics).__name__}, {weights.units} units, {weights.inputs} inputs, {weights.outputs} "
        f"outputs, steps of {network.dt_ms:g} ms"
    )
    equations = ", ".join(f"{fact.name} {fact.value}" for fact in facts_of(dynamics))
    missing = sum(int((~np.asarray(getattr(network.connections, name))).sum()) for name in weights.axes())
    absent = (Fact("connections", f"{missing:,} do not exist", "their weights are 0"),) if missing else ()
    picture = plane(np.linalg.eigvals(network.recurrent)) if _has_picture(network) else None
    return Summary(title, facts=(Fact("equations", equations), *facts_of(weights), *absent), picture=picture)


def _has_picture(network: Network) -> bool:
    return network.weights.units <= MOST_UNITS and network.has_recurrent


def weights_summary(weights: Weights) -> Summary:
    """The arrays with their axes and ranges."""
    return Summary(title_of(weights), facts=facts_of(weights))


def history_summary(history: History) -> Summary:
    """The measurements by epoch; in a notebook the curves of the first networks."""
    shown = min(len(history.loss), MOST_ROWS)
    losses = log_lines(history.validation_loss[:shown], LOSS_TOP)
    rows = tuple((str(at), losses[at], line(history.success[at], 0.0, 1.0)) for at in range(shown))
    rest = f"and {len(history.loss) - shown:,} more networks" if len(history.loss) > shown else ""
    table = Table(("position", "validation loss (logarithmic)", "success"), rows, rest)
    return Summary(title_of(history), facts=facts_of(history), table=table)


def trials_summary(trials: Trials) -> Summary:
    """The arrays of trials; in a notebook inputs and targets of the first one."""
    names = trials.condition_names
    inputs, targets = np.asarray(trials.inputs), np.asarray(trials.targets)
    rows = [
        *_signals("input", inputs[0].T if inputs.ndim == 3 and len(inputs) else []),
        *_signals("target", targets[0].T if targets.ndim == 3 and len(targets) else []),
    ]
    first = f" of condition {names[int(trials.condition[0])]}" if names and rows else ""
    table = Table((f"first trial{first}", ""), tuple(rows[:MOST_ROWS])) if rows else None
    return Summary(title_of(trials), facts=facts_of(trials), table=table)


def proportion_summary(share: Proportion) -> Summary:
    """The share in per cent with its interval."""
    return Summary(f"Proportion: {share}", facts=facts_of(share))


def _signals(name: str, channels: Iterable[Float[np.ndarray, "time"]]) -> list[tuple[str, Picture]]:
    return [(f"{name} {at}", line(one, float(np.min(one)), float(np.max(one)))) for at, one in enumerate(channels)]


def _latest(rows: Float[np.ndarray, "network epoch"]) -> Float[np.ndarray, "network"]:
    """The last number of each network; NaN where there is none."""
    known = [row[~np.isnan(row)][-1:] for row in np.asarray(rows)]
    return np.array([one[0] if len(one) else np.nan for one in known])


def _steps(history: History, at: int) -> str:
    """Steps that a network took until its last measurement."""
    measured = np.flatnonzero(~np.isnan(history.success[at]))
    return f"{int(history.step[measured[-1]]):,}" if len(measured) else "–"


def _seconds(origin: Origin) -> str:
    return f", {time_words(1000 * origin.seconds)}" if origin.seconds else ""
