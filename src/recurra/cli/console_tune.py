"""The output of the tune command: its progress, and the table of the best trials."""

from typing import TYPE_CHECKING

from recurra.analysis.cohorts.tuning import Tuning
from recurra.cli.console import ProgressBars
from recurra.cli.console_tables import print_table, results_console
from recurra.wording import as_sentence, number_of
from recurra.words.sweeps import share_words
from recurra.words.tunings import best_words, confirmed_words, trial_words, trials_words, value_words

if TYPE_CHECKING:
    from recurra.runs.tune.folder import TuneFolder

MOST_ROWS = 10  # trials of the table, the best first


class TuneBars(ProgressBars):
    """Progress bars with a line for every trial."""

    def trial(self, folder: "TuneFolder", number: int | None) -> None:
        """A trial has ended; the bars begin anew for the next one."""
        self.restart()
        if number is None:
            done = folder.folder.entry("trials") - folder.left()
            self.say(f"{done} of {number_of(folder.folder.entry('trials'), 'trial')} ended")
            return
        found = folder.trial(number)
        self.say(f"trial {number}: {found.label}: {trial_words(found)}")

    def confirming(self, label: str, networks: int) -> None:
        """The best values are confirmed now."""
        self.restart()
        self.say(f"confirming {label} with {number_of(networks, 'fresh network')}")


def print_tuning(tuning: Tuning) -> None:
    """A table of the best trials, and what is said of the search."""
    console = results_console()
    rows = [
        {
            "trial": str(trial.number),
            "values": trial.label,
            "learned [95 %]": share_words(trial.networks.success_rate) if trial.networks else "–",
            "aim": value_words(trial.value),
        }
        for trial in tuning.ranked[:MOST_ROWS]
    ]
    print_table(console, f"{tuning.name}: the best trials", rows, left=("values",))
    lines = [as_sentence(trials_words(tuning)), best_words(tuning), confirmed_words(tuning)]
    console.print("\n".join(lines), highlight=False, markup=False)
