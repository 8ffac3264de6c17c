"""How long a flip-flop network holds its memory states, as bars."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Int

from recurra.analysis.memory.lifetimes import KINDS, OSCILLATING, STABLE, Lifetimes
from recurra.plotting.colors import FRAME, INK, PAPER, state_color
from recurra.plotting.interactive.theme import note, styled
from recurra.words.names import state_name

ROW = 24  # px a bar
MOST = 16  # bars; of more memory states those that last shortest are drawn
LEAST_MS = 1.0  # where the axis begins; a shorter life is drawn as this one


def shortest(lifetimes: Lifetimes, most: int = MOST) -> Int[np.ndarray, "shown"]:
    """Which memory states have a bar: all, or those that last shortest, in their order.

    Args:
        lifetimes: of all memory states.
        most: bars.
    """
    order = np.lexsort((lifetimes.kind == KINDS.index(STABLE), lifetimes.lifetime_ms))
    return np.sort(order[:most])


def lifetime_bars(lifetimes: Lifetimes, states: Int[np.ndarray, "state bit"], trial_ms: float) -> go.Figure:
    """A bar a memory state on a logarithmic axis; those that outlast the time that was watched run on to an arrow.

    Args:
        lifetimes: of the memory states.
        states: the memory states as signs.
        trial_ms: length of a trial of the training, ms; drawn as a line.
    """
    shown = shortest(lifetimes)
    names = [state_name(states[at]) for at in shown]
    last = [bool(np.isinf(lifetimes.lifetime_ms[at])) for at in shown]
    length = np.clip(lifetimes.lifetime_ms[shown], LEAST_MS, lifetimes.longest_ms)
    oscillates = lifetimes.kind[shown] == KINDS.index(OSCILLATING)
    figure = go.Figure(
        go.Bar(
            x=length - LEAST_MS / 2,
            base=LEAST_MS / 2,
            y=names,
            orientation="h",
            marker={
                "color": [state_color(states[at]) for at in shown],
                "line": {"width": 0},
                "pattern": {"shape": np.where(oscillates, "/", "").tolist(), "fgcolor": PAPER, "size": 6},
            },
            customdata=[_ending(lifetimes, states, int(at)) for at in shown],
            hovertemplate="%{y}: %{customdata}<extra></extra>",
        )
    )
    styled(figure, 74 + ROW * len(shown), margin=(78, 128, 26, 44))
    for row, (at, endless, reach) in enumerate(zip(shown, last, length, strict=True)):
        text = ("▸ ∞" if endless else "") + _mark(lifetimes, states, int(at))
        figure.add_annotation(note(np.log10(reach), row, text, xanchor="left", xshift=1 if endless else 4))
    _axes(figure, lifetimes.longest_ms, trial_ms)
    return figure


def _axes(figure: go.Figure, longest_ms: float, trial_ms: float) -> None:
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False, ticks="", showline=False)
    figure.update_xaxes(type="log", dtick=1, range=np.log10((LEAST_MS / 2, longest_ms)).tolist())
    figure.update_xaxes(title_text="Lifetime (ms)", exponentformat="none", separatethousands=True)
    figure.add_vline(x=trial_ms, line={"color": INK, "width": 1.2, "dash": "dash"}, layer="above")
    above = {"yref": "paper", "yanchor": "bottom", "yshift": 2}
    figure.add_annotation(note(np.log10(trial_ms), 1, "a trial", **above))
    figure.add_vline(x=longest_ms, line={"color": FRAME, "width": 1}, layer="below")
    figure.add_annotation(note(np.log10(longest_ms), 1, "watched", **above))


def _ending(lifetimes: Lifetimes, states: Int[np.ndarray, "state bit"], at: int) -> str:
    kind, time = lifetimes.kind_of(at), lifetimes.lifetime_ms[at]
    if np.isinf(time):
        return f"{kind}, right for all {lifetimes.longest_ms:,.0f} ms"
    return f"{kind}, right for {time:,.0f} ms, ends in {state_name(states[lifetimes.ends_in[at]])}"


def _mark(lifetimes: Lifetimes, states: Int[np.ndarray, "state bit"], at: int) -> str:
    """What stands behind a bar: the kind of a memory that lasts, if it is not stable; where another ends."""
    kind = lifetimes.kind_of(at)
    if np.isinf(lifetimes.lifetime_ms[at]):
        return "" if kind == STABLE else f" {kind}"
    return f"{lifetimes.lifetime_ms[at]:,.0f} → {state_name(states[lifetimes.ends_in[at]])}"
