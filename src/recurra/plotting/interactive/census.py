"""The map of a cohort: every network a point, near to those that are like it."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recurra.analysis.cohorts.census import Census
from recurra.plotting.colors import NETWORKS, PAPER
from recurra.plotting.interactive.theme import styled

SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x")
SHOWN = len(SYMBOLS)  # signatures with a colour and a symbol of their own; the others share one
FEW = 40  # networks whose names are written
OTHER, OTHER_SYMBOL = "#8b93a1", "circle-open"


def signature_look(signature: int) -> tuple[str, str]:
    """The colour and the symbol of a regime signature; both tell it apart.

    Args:
        signature: its number, 0 for the most frequent one.
    """
    return (NETWORKS[signature], SYMBOLS[signature]) if signature < SHOWN else (OTHER, OTHER_SYMBOL)


def census_map(found: Census, names: Sequence[str], texts: Sequence[str], links: Sequence[str]) -> go.Figure:
    """Networks as points whose distances are close to the measured ones, in the colour and symbol of their signature.

    Args:
        found: the census.
        names: written beside the networks, if there are few.
        texts: what each network says under the pointer.
        links: where a click on each network leads.
    """
    figure = go.Figure()
    few = len(names) <= FEW
    size = 13 if few else 9
    for group in range(min(len(found.signature_count), SHOWN + 1)):
        color, symbol = signature_look(group)
        own = np.flatnonzero((np.minimum(found.signature, SHOWN) == group) & found.compared).tolist()
        points = found.coordinates[own].astype(np.float32)
        look = {"color": color, "symbol": symbol, "size": size, "line": {"color": PAPER, "width": 1}}
        figure.add_trace(
            go.Scatter(
                x=points[:, 0],
                y=points[:, 1],
                mode="markers+text" if few else "markers",
                marker=look,
                text=[names[at] for at in own],
                textposition="middle right",
                hovertext=[texts[at] for at in own],
                customdata=[links[at] for at in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    styled(figure, 460, margin=(64, 20, 16, 52))
    shares = [f"{100 * share:.0f} %" for share in found.explained]
    figure.update_xaxes(title_text=f"Dimension 1 ({shares[0]})", constrain="domain")
    figure.update_yaxes(title_text=f"Dimension 2 ({shares[1]})", scaleanchor="x", constrain="domain")
    return figure.update_layout(showlegend=False)
