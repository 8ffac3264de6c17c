"""What colours mean, the same in every figure: on the screen, on paper, in light and in dark."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

INK = "#1d2127"  # text, axes, targets
PAPER = "#ffffff"  # behind the figures
GRID = "#e4e7ec"  # lines that help to read a value
FRAME = "#aab1bd"  # zero lines, the unit circle
INPUT = "#9aa1ad"  # what goes into a network
TARGET = INK  # what should come out
START = "#c3c8d1"  # a network before training
UNSET = "#eceef2"  # a time at which no memory is asked for

EXCITATORY = "#b2182b"  # positive weights
INHIBITORY = "#2166ac"  # negative weights
ZERO = "#fdfdfd"  # no weight: white, on a dark page too
DIVERGING = ("#053061", INHIBITORY, "#67a9cf", "#d1e5f0", ZERO, "#fddbc7", "#ef8a62", EXCITATORY, "#67001f")

# What the neutral colours become on a dark page; the others are readable on both.
DARK = {
    INK: "#e8eaee",
    PAPER: "#14171c",
    GRID: "#2b3038",
    FRAME: "#636b78",
    INPUT: "#868e9b",
    START: "#59606c",
    UNSET: "#23272e",
}

# In the order of the conditions of three bits: --- --+ -+- -++ +-- +-+ ++- +++. Bit 1 is red, 2 green, 3 blue.
CUBE = ("#565c6d", "#3f74d1", "#3a9c4e", "#1b9dab", "#cf4558", "#ab55c0", "#b98600", "#a8a193")

# Okabe and Ito's order of hues, darkened where they are too pale for lines on white.
NETWORKS = ("#1b7fc4", "#d98200", "#009e73", "#c2609a", "#4aa3df", "#c8501e", "#7a6fc0", "#8f8600")
SHADES = ((PAPER, 0.0), (PAPER, 0.42), (INK, 0.42))  # what is mixed into them, turn by turn

# Through the conditions of a task in their order. Up to four spread over them are told apart by colour-blind readers
# too; of more, every other line is dashed; of still more, the colours are a scale.
CONDITIONS = ("#3560c8", "#2a9bd0", "#1f9a7a", "#c98a00", "#d0561e", "#a82a64")
TOLD_APART, DASHED = 4, 12
DASHES = ("solid", "dash", "dot", "dashdot")  # a second channel beside colours


def state_color(state: Sequence[int] | Int[np.ndarray, "bit"]) -> str:
    """The colour of a memory state: bit 1 red, bit 2 green, bit 3 blue; every further bit that is set lightens it.

    Args:
        state: its signs, bit 1 first.
    """
    signs = [int(sign) > 0 for sign in state]
    first = [*signs, False, False][:3]
    color = CUBE[4 * first[0] + 2 * first[1] + first[2]]
    for sign in signs[3:]:
        color = mix(color, PAPER, 0.4) if sign else color
    return color


def state_colors(states: Int[np.ndarray, "state bit"]) -> list[str]:
    """The colours of memory states, a row of signs each."""
    return [state_color(state) for state in states]


def bit_look(bit: int) -> tuple[str, str]:
    """The colour and the dashes of a bit: red, green and blue as in the memory states; further ones as networks."""
    color = state_color([at == bit for at in range(3)]) if bit < 3 else network_color(bit)
    return color, DASHES[bit % len(DASHES)]


def text_on(color: str) -> str:
    """White or black, whichever is read better on a colour; neither changes on a dark page."""
    red, green, blue = ((channel / 255) ** 2.2 for channel in _channels(color))
    return "#fefefe" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.32 else "#0b0d10"


def network_color(number: int) -> str:
    """The colour of network `number`: eight hues, then the same paler, then darker; no two of 24 are alike."""
    turn, hue = divmod(number % (len(NETWORKS) * len(SHADES)), len(NETWORKS))
    other, share = SHADES[turn]
    return mix(NETWORKS[hue], other, share)


def condition_colors(count: int) -> list[str]:
    """The colours of `count` conditions, in their order."""
    places = np.linspace(0, len(CONDITIONS) - 1, count) if count > 1 else np.zeros(1)
    lower = np.minimum(places.astype(int), len(CONDITIONS) - 2)
    pairs = zip(lower.tolist(), (places - lower).tolist(), strict=True)
    return [mix(CONDITIONS[at], CONDITIONS[at + 1], share) for at, share in pairs]


def condition_dashed(count: int) -> list[bool]:
    """Which lines of `count` conditions are dashed: every other one, where colours alone are too like each other."""
    return [TOLD_APART < count <= DASHED and at % 2 == 1 for at in range(count)]


def mix(color: str, other: str, share: float) -> str:
    """`color` with a share of `other` in it, 0 to 1; both as #rrggbb."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round((1 - share) * one + share * two):02x}" for one, two in pairs)


def _channels(color: str) -> list[int]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]
