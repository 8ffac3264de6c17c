"""The output of the sweep command: its progress, and the tables of conditions and effects."""

import math
from collections.abc import Sequence

from recurra.analysis.cohorts.difference import Difference
from recurra.analysis.cohorts.effects import SweepEffects, Trend
from recurra.analysis.cohorts.sweep import Sweep
from recurra.cli.console import ProgressBars
from recurra.cli.console_tables import print_table, results_console
from recurra.wording import three, whole_or_three
from recurra.words.differences import interval_words, p_words
from recurra.words.sweeps import contrast_words, effects_words, note_words, share_words, sweep_words

SHOWN = ("success", "validation_loss", "steps_to_success")
HEADINGS = {"success": "right trials", "validation_loss": "loss", "steps_to_success": "steps until successful"}


class SweepBars(ProgressBars):
    """Progress bars with a line for every condition."""

    def conditions(self, what: str, number: int, of: int, label: str) -> None:
        """So many conditions are done; the bars begin anew for the next one."""
        self.restart()
        rest = f"; next: {label}" if label else ""
        self.say(f"{number:,} of {of:,} conditions {what}{rest}")


def print_sweep(sweep: Sweep, effects: SweepEffects, only: Sequence[str] = ()) -> None:
    """A table with a row per condition, a table of what the keys change, and the notes.

    Args:
        sweep: the sweep.
        effects: what its keys change.
        only: names of further numbers to show.
    """
    console, frame = results_console(), sweep.by_condition()
    names = [name for name in dict.fromkeys((*SHOWN, *only)) if sweep.known(name)]
    rows = []
    for one, row in zip(sweep.conditions, frame.to_dict("records"), strict=True):
        told = {"condition": one.label, "networks": str(len(one.rows)), "learned [95 %]": share_words(one.success_rate)}
        for name in names:
            value = row[name]
            told[HEADINGS.get(name, name)] = "–" if math.isnan(value) else whole_or_three(value)
        rows.append(told)
    print_table(console, sweep.name, rows, left=("condition",))
    if effects.differences:
        print_table(
            console,
            "Against the first value",
            [_difference(row) for row in effects.differences],
            left=("number", "value"),
        )
    if effects.trends:
        print_table(
            console,
            "Rank correlations over the conditions",
            [_trend(row) for row in effects.trends],
            left=("number", "key"),
        )
    lines = [sweep_words(sweep), effects_words(effects), *note_words(effects)]
    console.print("\n".join(lines), highlight=False, markup=False)


def _difference(row: Difference) -> dict[str, str]:
    return {
        "number": row.name,
        "value": contrast_words(row),
        "difference [95 %]": interval_words(row),
        "test": row.test,
        "p": p_words(row.p_value),
        "corrected": p_words(row.p_corrected),
    }


def _trend(row: Trend) -> dict[str, str]:
    return {
        "number": row.name,
        "key": row.key,
        "ρ": three(row.correlation),
        "conditions": str(row.conditions),
        "p": p_words(row.p_value),
        "corrected": p_words(row.p_corrected),
    }
