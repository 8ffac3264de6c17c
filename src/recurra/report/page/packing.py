"""The figures of many networks in few bytes: what they share stands once, numbers are whole, all is deflated."""

import base64
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from recurra.report.page.panel import PageFigure
from recurra.report.page.thinning import thinned

LONG = 64  # characters from which a piece that occurs twice is stored once
STEPS = 65_534  # into which the range of an array is divided; 0 stands for NaN
FINEST = 2e-4  # the greatest step, as a share of where 90 % of the values are: a tenth of a pixel on 500 px
DECADES = 1e3  # an array of positive numbers over more than this may stand on a logarithmic axis

Json = Any


class Packed:
    """Figures as texts that `unpack.mjs` reads.

    Args:
        panels: the figures by their keys.
    """

    def __init__(self, panels: Mapping[str, PageFigure]):
        figures = {key: thinned(json.loads(panel.json)) for key, panel in panels.items()}
        count = Counter(text for figure in figures.values() for text in _shareable(figure))
        self._places = {text: place for place, text in enumerate(text for text, times in count.items() if times > 1)}
        self.shared = deflated([json.loads(text) for text in self._places], self._whole)
        self.figures = {key: deflated(figure, self._shorter) for key, figure in figures.items()}

    @staticmethod
    def text(html: str) -> str:
        """A piece of the page that is not shown at once: as text it costs no elements when the page opens."""
        return deflated(html, str)

    def _shorter(self, value: Json) -> Json:
        """A value with references to what is shared."""
        if _is_shareable(value):
            place = self._places.get(_text(value))
            return self._whole(value) if place is None else {"shared": place}
        return self._inside(value, self._shorter)

    def _whole(self, value: Json) -> Json:
        return whole_numbers(value) if _is_array(value) else self._inside(value, self._whole)

    @staticmethod
    def _inside(value: Json, turn: Any) -> Json:
        if isinstance(value, dict):
            return {key: turn(inner) for key, inner in value.items()}
        return [turn(inner) for inner in value] if isinstance(value, list) else value


def deflated(value: Json, shorter: Any) -> str:
    """A value as JSON, deflated, in base64."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(_text(shorter(value)).encode()) + packer.flush()).decode()


def whole_numbers(array: dict[str, Any]) -> dict[str, Any]:
    """A typed array of floats as 16-bit numbers from its least to its greatest value, where nobody sees the steps.

    Args:
        array: as plotly stores it, `dtype` and `bdata`.
    """
    if array["dtype"] not in ("f4", "f8"):
        return array
    values = np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])
    step = step_of(values)
    if step is None:
        return array
    low = float(np.nanmin(values))
    numbers = np.where(np.isnan(values), 0, 1 + np.round((np.nan_to_num(values) - low) / step)).astype("<u2")
    kept = {"low": low, "step": step, "whole": base64.b64encode(numbers.tobytes()).decode()}
    return kept | ({"shape": array["shape"]} if "shape" in array else {})


def step_of(values: Float[np.ndarray, "at"]) -> float | None:
    """The distance of two neighbouring numbers; None where it would be seen, or where there is no number."""
    if not len(values) or np.isinf(values).any() or np.isnan(values).all():
        return None
    low, lower, upper, high = np.nanquantile(values, (0, 0.05, 0.95, 1)).tolist()
    step = (high - low) / STEPS
    if low > 0 and high > DECADES * low:
        return None
    return step if 0 < step <= FINEST * (upper - lower) else None


def _is_array(value: Json) -> bool:
    return isinstance(value, dict) and "bdata" in value


def _is_shareable(value: Json) -> bool:
    """Arrays, and the template that all figures have."""
    return (_is_array(value) and len(value["bdata"]) >= LONG) or (
        isinstance(value, dict) and value.keys() == {"layout"}
    )


def _shareable(value: Json) -> Iterator[str]:
    if _is_shareable(value):
        yield _text(value)
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _shareable(inner)


def _text(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
