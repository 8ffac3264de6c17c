"""The twenty tasks of Yang et al. (2019): what each one asks for, and the durations in two publications."""

from typing import NamedTuple


class Design(NamedTuple):
    """What a task asks for.

    Args:
        family: which stimuli there are, and when.
        answer: which direction is right.
    """

    family: str
    answer: str


DESIGNS: dict[str, Design] = {
    "fdgo": Design("go", "pro"),
    "reactgo": Design("react", "pro"),
    "delaygo": Design("delay", "pro"),
    "fdanti": Design("go", "anti"),
    "reactanti": Design("react", "anti"),
    "delayanti": Design("delay", "anti"),
    "dm1": Design("decision", "first"),
    "dm2": Design("decision", "second"),
    "contextdm1": Design("decision", "context first"),
    "contextdm2": Design("decision", "context second"),
    "multidm": Design("decision", "both"),
    "delaydm1": Design("delayed decision", "first"),
    "delaydm2": Design("delayed decision", "second"),
    "contextdelaydm1": Design("delayed decision", "context first"),
    "contextdelaydm2": Design("delayed decision", "context second"),
    "multidelaydm": Design("delayed decision", "both"),
    "dmsgo": Design("sample", "match"),
    "dmsnogo": Design("sample", "non-match"),
    "dmcgo": Design("category", "match"),
    "dmcnogo": Design("category", "non-match"),
}
FIFTEEN = tuple(name for name, design in DESIGNS.items() if design.family != "decision")


class Between(NamedTuple):
    """A number that is uniform between two."""

    low: float
    high: float


Spread = tuple[float, ...] | Between  # one of these numbers with equal chance, or anything between two


class Durations(NamedTuple):
    """The durations of a family's trials, one after the other, ms.

    Args:
        onset: from the start of the trial to the first stimulus.
        first: length of the first stimulus, or of the part of it before the go signal.
        delay: from the end of the first stimulus to the second, or to the go signal.
        second: length of the second stimulus before the go signal.
        wait: from the end of the second stimulus to the go signal.
        response: from the go signal to the end.
    """

    onset: Spread
    first: Spread = (0.0,)
    delay: Spread = (0.0,)
    second: Spread = (0.0,)
    wait: Spread = (0.0,)
    response: Spread = (500.0,)


SHORT, DELAYS, EARLY = (200.0, 400.0, 600.0), (200.0, 400.0, 800.0, 1_600.0), (200.0, 400.0, 600.0)
TWENTY_DURATIONS: dict[str, Durations] = {
    "go": Durations(Between(300.0, 700.0), Between(500.0, 1_500.0)),
    "react": Durations(Between(500.0, 2_500.0)),
    "delay": Durations((300.0, 500.0, 700.0), SHORT, DELAYS),
    "decision": Durations(Between(100.0, 400.0), (400.0, 800.0, 1_600.0)),
    "delayed decision": Durations(EARLY, SHORT, DELAYS, SHORT, Between(100.0, 300.0)),
    "sample": Durations(EARLY, SHORT, DELAYS),
    "category": Durations(EARLY, SHORT, DELAYS, response=SHORT),
}
LONG, ANSWER = Between(200.0, 1_600.0), Between(300.0, 700.0)
FIFTEEN_DURATIONS: dict[str, Durations] = {
    "go": Durations(Between(300.0, 700.0), Between(200.0, 1_500.0), response=ANSWER),
    "react": Durations(Between(500.0, 2_500.0), response=Between(300.0, 1_700.0)),
    "delay": Durations(Between(300.0, 700.0), LONG, LONG, response=ANSWER),
    "delayed decision": Durations(Between(200.0, 600.0), LONG, LONG, LONG, Between(100.0, 300.0), ANSWER),
    "sample": Durations(Between(200.0, 600.0), LONG, LONG, response=ANSWER),
    "category": Durations(Between(200.0, 600.0), LONG, LONG, response=ANSWER),
}
