"""How long a flip-flop network holds its memory states, as bars."""

import numpy as np
import plotly.graph_objects as go

from recurra.plotting.colors import FRAME, INK, PAPER
from recurra.plotting.interactive.theme import note, styled
from recurra.plotting.scenes.lifetimes import LifetimeBars, NetworkBars

ROW = 24  # px per bar


def lifetime_bars(scene: LifetimeBars, at: int = 0) -> go.Figure:
    """One bar per memory state on a logarithmic axis; bars that outlast the observed time end in an arrow.

    Args:
        scene: the bars of all networks, on one axis.
        at: position of the drawn network.
    """
    bars, (low, high) = scene.networks[at], scene.limits_ms
    moving = bars.held & ~bars.at_rest
    figure = go.Figure(
        go.Bar(
            x=bars.length_ms - low,
            base=low,
            y=list(bars.names),
            orientation="h",
            marker={
                "color": list(bars.colors),
                "line": {"width": 0},
                "pattern": {"shape": np.where(moving, "/", "").tolist(), "fgcolor": PAPER, "size": 6},
            },
            customdata=_texts(bars),
            hovertemplate="%{y}: %{customdata}<extra></extra>",
        )
    )
    styled(figure, 74 + ROW * len(bars.names), margin=(78, 128, 26, 44))
    notes = []
    rows = zip(bars.held, bars.never, bars.ends, bars.length_ms, strict=True)
    for row, (held, never, ends, reach) in enumerate(rows):
        text = " ".join(filter(None, ["▸ ∞" if held else "✗" if never else "", ends]))
        notes.append(note(np.log10(reach), row, text, xanchor="left", xshift=1 if held else 4))
    figure.update_layout(annotations=notes)
    _axes(figure, bars.longest_ms, scene.trained_ms, (low, high))
    return figure


def _texts(bars: NetworkBars) -> list[str]:
    """The text of every bar under the pointer."""
    right = f"right for all {bars.longest_ms:,.0f} ms"
    return [
        f"{kind}, {right}" if held else f"{kind}, {ends}"
        for kind, held, ends in zip(bars.kinds, bars.held, bars.ends, strict=True)
    ]


def _axes(figure: go.Figure, longest_ms: float, trial_ms: float, limits: tuple[float, float]) -> None:
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False, ticks="", showline=False)
    figure.update_xaxes(type="log", dtick=1, range=[float(np.log10(limits[0])), float(np.log10(longest_ms))])
    figure.update_xaxes(title_text="Lifetime (ms)", exponentformat="none", separatethousands=True)
    figure.add_vline(x=trial_ms, line={"color": INK, "width": 1.2, "dash": "dash"}, layer="above")
    above = {"yref": "paper", "yanchor": "bottom", "yshift": 2}
    figure.add_annotation(note(np.log10(trial_ms), 1, "a trial", **above))
    figure.add_vline(x=longest_ms, line={"color": FRAME, "width": 1}, layer="below")
    figure.add_annotation(note(np.log10(longest_ms), 1, "watched", **above))
