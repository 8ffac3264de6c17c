"""What is shown of a search over hyperparameters."""

from recurra.analysis.cohorts.tuning import TunedTrial, Tuning
from recurra.summaries.summary import Summary, Table
from recurra.wording import as_sentence
from recurra.words.sweeps import share_words
from recurra.words.tunings import best_words, confirmed_words, trials_words, value_words

MOST_ROWS = 20  # trials of the table, the best first


def tuning_summary(tuning: Tuning) -> Summary:
    """How the trials ended, the best, and what fresh networks confirm; in a notebook a row for each of the best."""
    keys = ", ".join(key.key for key in tuning.keys)
    ranked = tuning.ranked
    rest = f"and {len(ranked) - MOST_ROWS} further trials" if len(ranked) > MOST_ROWS else ""
    table = Table(("trial", "values", "learned [95 %]", "aim"), tuple(map(_row, ranked[:MOST_ROWS])), rest)
    said = (as_sentence(trials_words(tuning)), best_words(tuning), confirmed_words(tuning))
    return Summary(f"Tuning: {tuning.name}, {keys} by {tuning.aim}", said, table=table)


def _row(trial: TunedTrial) -> tuple[str, ...]:
    share = share_words(trial.networks.success_rate) if trial.networks else "–"
    return (str(trial.number), trial.label, share, value_words(trial.value))
