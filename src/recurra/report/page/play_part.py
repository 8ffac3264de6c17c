"""The part of a report in which its networks are played."""

from collections.abc import Sequence
from dataclasses import dataclass

from recurra.analysis.failures import Failure, attempted
from recurra.analysis.record import RunRecord
from recurra.report.play.equations import NotPlayableError
from recurra.report.play.module import page_script
from recurra.report.play.payload import payload_json, title_of
from recurra.report.play.runs import MOST, played_of_run


@dataclass(frozen=True)
class PlayPart:
    """What the page needs to play networks.

    Args:
        payload: the networks as JSON that can stand in a script element.
        script: the player.
        networks: how many there are.
        failure: why there are none, if what a task of the user's own says cannot be shown; empty if there are.
    """

    payload: str
    script: str
    networks: int
    failure: str = ""

    @property
    def megabytes(self) -> str:
        """What this part adds to the file."""
        return f"{(len(self.payload) + len(self.script)) / 1e6:.1f} MB"


def play_part(run: RunRecord, shown: Sequence[int]) -> PlayPart | None:
    """The part for the first of the networks that the sections show; None if the player does not have their equations.

    None too where no task says what the network is shown.

    Args:
        run: the run.
        shown: the positions of these networks.
    """
    if not run.task.known:
        return None
    made = attempted(lambda: _play_part(run, shown[:MOST]))
    return PlayPart("", "", 0, made.reason) if isinstance(made, Failure) else made


def _play_part(run: RunRecord, positions: Sequence[int]) -> PlayPart | None:
    try:
        payload = payload_json(run.task, title_of(run.task), played_of_run(run, positions))
    except NotPlayableError:
        return None
    return PlayPart(payload, page_script(), len(positions))
