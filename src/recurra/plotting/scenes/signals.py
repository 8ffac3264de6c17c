"""How the signals of any task share panels, on the screen and on paper."""

import numpy as np
import xarray as xr
from jaxtyping import Float

INPUT_ROWS = 8  # more inputs share one row
OUTPUT_ROWS = 6  # more outputs share one row


def counted_targets(shown: xr.Dataset) -> Float[np.ndarray, "trial time output"]:
    """The targets where the output counts, with gaps elsewhere.

    Args:
        shown: `targets` and `mask` of trials.
    """
    return shown["targets"].where(shown["mask"]).values


def rows_of(channels: int, most: int) -> list[list[int]]:
    """Which channels a row shows: one each, or all of them in one row where there are more than `most`."""
    return [[channel] for channel in range(channels)] if channels <= most else [list(range(channels))]


def row_title(name: str, channels: list[int], rows: int) -> str:
    """What a row is called: "Input" where there is one, "Input 2", or "8 inputs" where they share it."""
    if len(channels) > 1:
        return f"{len(channels)} {name.lower()}s"
    return f"{name} {channels[0] + 1}" if rows > 1 else name


def span_of(values: Float[np.ndarray, "*batch"], room: float) -> tuple[float, float]:
    """Least and greatest value, zero among them, with a share of their distance as room on both sides."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        low, high = -1.0, 1.0
    return low - room * (high - low), high + room * (high - low)
