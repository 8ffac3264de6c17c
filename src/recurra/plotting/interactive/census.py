"""The map of a cohort: one point per network, near the points of similar networks."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recurra.plotting.colors import FRAME, PAPER
from recurra.plotting.interactive.theme import note, styled
from recurra.plotting.scenes.census import CensusMap

FEW = 40  # networks whose names are written


def census_map(scene: CensusMap, names: Sequence[str], texts: Sequence[str], links: Sequence[str]) -> go.Figure:
    """Networks as points whose distances are close to the measured ones, in the colour and mark of their signature.

    Args:
        scene: the map.
        names: written beside the networks, if there are few.
        texts: the text of each network under the pointer.
        links: the target of a click on each network.
    """
    figure = go.Figure()
    for outline in scene.outlines:
        corners = np.append(outline.corners, outline.corners[:1], axis=0).astype(np.float32)
        look = {"mode": "lines", "line": {"color": FRAME, "width": 1}, "hoverinfo": "skip", "name": outline.name}
        figure.add_trace(go.Scatter(x=corners[:, 0], y=corners[:, 1], **look))
    few = len(names) <= FEW
    for group in scene.groups:
        own, points = group.networks.tolist(), scene.places[group.networks].astype(np.float32)
        marker = {"color": group.color, "symbol": group.mark, "size": 13 if few else 9}
        figure.add_trace(
            go.Scatter(
                x=points[:, 0],
                y=points[:, 1],
                mode="markers+text" if few else "markers",
                marker={**marker, "line": {"color": PAPER, "width": 1}},
                text=[names[at] for at in own],
                textposition="middle right",
                hovertext=[texts[at] for at in own],
                customdata=[links[at] for at in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    styled(figure, 460, margin=(64, 20, 16, 52))
    for outline in scene.outlines:
        far = outline.corners[int(np.linalg.norm(outline.corners, axis=1).argmax())]
        aside = {"xshift": 9 * np.sign(far[0]), "yshift": 9 * np.sign(far[1])}
        figure.add_annotation(note(far[0], far[1], outline.name, **aside))
    figure.update_xaxes(title_text=scene.axes[0], constrain="domain")
    figure.update_yaxes(title_text=scene.axes[1], scaleanchor="x", constrain="domain")
    return figure.update_layout(showlegend=False)
