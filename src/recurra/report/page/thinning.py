"""The lines of figures with as many points as a screen shows, for reports of many networks."""

import base64
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from recurra.plotting.scenes.thinning import kept_points

MANY = 100  # points up to which a line is left as it is
WIDTH = 1100  # px of a figure as wide as the page
SPACE = 880  # px of the longest axis of a figure in space: twice as drawn, since it can be brought nearer
PER_POINT = ("text", "hovertext", "customdata")


def thinned(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure, as plotly stores it, without the points of its long lines that nobody would miss."""
    return {**figure, "data": [_thinned_trace(trace, figure["layout"]) for trace in figure["data"]]}


def _thinned_trace(trace: dict[str, Any], layout: dict[str, Any]) -> dict[str, Any]:
    if trace["type"] not in ("scatter", "scatter3d") or trace.get("mode", "lines") != "lines":
        return trace
    names = [name for name in "xyz" if name in trace]
    arrays = {name: unpacked(trace[name]) for name in names}
    count = min((len(array) for array in arrays.values()), default=0)
    if count <= MANY:
        return trace
    if "x0" in trace:
        arrays = {"x": trace["x0"] + trace["dx"] * np.arange(count, dtype=np.float64), **arrays}
    if "x" not in arrays:
        return trace
    scales = _scales(trace, layout, arrays)
    if scales is None:
        return trace
    kept = kept_points(np.stack([arrays[name] * scales[name] for name in arrays], axis=1))
    rest = {name: value for name, value in trace.items() if name not in ("x0", "dx")}
    listed = {name: _taken(trace[name], kept) for name in PER_POINT if name in trace}
    rest["mode"] = "lines"  # plotly would mark the points of a short line
    return {**rest, **listed, **{name: packed(array[kept]) for name, array in arrays.items()}}


def _scales(
    trace: dict[str, Any], layout: dict[str, Any], arrays: dict[str, Float[np.ndarray, "at"]]
) -> dict[str, float] | None:
    """Pixels to a unit of each coordinate; None where an axis is not linear."""
    if trace["type"] == "scatter3d":
        axes = [layout["scene"][f"{name}axis"]["range"] for name in "xyz"]
        longest = float(max(high - low for low, high in axes))
        return dict.fromkeys("xyz", SPACE / longest)
    pixels = {}
    for name, whole in (("x", WIDTH), ("y", layout["height"])):
        axis = layout.get(f"{name}axis{trace.get(f'{name}axis', name)[1:]}", {})
        if axis.get("type", "linear") != "linear":
            return None
        finite = arrays[name][np.isfinite(arrays[name])]
        low, high = axis.get("range") or (finite.min(initial=np.inf), finite.max(initial=-np.inf))
        begin, end = axis.get("domain", (0, 1))
        pixels[name] = whole * (end - begin) / (high - low) if high > low else 1.0
    return pixels


def unpacked(array: Any) -> Float[np.ndarray, "at"]:
    """The numbers of an array as plotly stores it."""
    if isinstance(array, dict):
        return np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"]).astype(np.float64)
    return np.array([np.nan if value is None else value for value in array], np.float64)


def packed(values: Float[np.ndarray, "at"]) -> dict[str, str]:
    """Numbers as an array of plotly's."""
    return {"dtype": "f4", "bdata": base64.b64encode(values.astype("<f4").tobytes()).decode()}


def _taken(listed: Any, kept: Int[np.ndarray, "kept"]) -> Any:
    return [listed[at] for at in kept.tolist()] if isinstance(listed, list) else listed
