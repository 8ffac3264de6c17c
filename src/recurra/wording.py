"""Numbers in words, the same in the terminal, in the report and in every figure."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

MOST_DIGITS = 1e9  # below it whole numbers are written with all their digits
SMALLEST = 1e-4  # per cent; smaller numbers are written with a power of ten


def three(value: float) -> str:
    """A number with three significant digits: 0.00391, 12.3, 4,560, 1.20 × 10⁻⁷."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    power = int(exponent)
    if not -4 < power < 6:
        raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa} × 10{raised}".replace("-", "−")
    return f"{float(f'{value:.2e}'):,.{max(2 - power, 0)}f}".replace("-", "−")


def whole_or_three(value: float) -> str:
    """A whole number with all its digits, such as 27 or 123,456; any other with three significant ones."""
    return f"{int(value):,}".replace("-", "−") if value % 1 == 0 and abs(value) < MOST_DIGITS else three(value)


def fixed(value: float) -> str:
    """A number with three decimals, for values between −1 and 1."""
    return "–" if math.isnan(value) else f"{value:.3f}".replace("-", "−")


def percent(share: float) -> str:
    """A share in per cent with three significant digits, such as 99.7; 0 only for none and 100 only for all."""
    return _percent(share, ROUND_HALF_EVEN)


def percent_low(share: float) -> str:
    """The lower end of the interval of a share, in per cent, rounded down so that the interval is never too narrow."""
    return _percent(share, ROUND_FLOOR)


def percent_high(share: float) -> str:
    """The upper end of the interval of a share, in per cent, rounded up; 100 only if it is exactly 100."""
    return _percent(share, ROUND_CEILING)


def _percent(share: float, rounding: str) -> str:
    """Three significant digits, or as many as are needed to stay below 100."""
    if not 0 < share < 1 or 100 * share < SMALLEST:
        return three(100 * share)
    value = Decimal(repr(float(share))) * 100
    digits = max(0, 2 - value.adjusted())
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding)
    while rounded >= 100:
        digits += 1
        rounded = value.quantize(Decimal(1).scaleb(-digits), rounding)
    return str(rounded)


def is_or_are(count: int) -> str:
    """The verb after a number."""
    return "is" if count == 1 else "are"


def number_of(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 eigenvalue", "1,200 eigenvalues", "0 orbits".

    Args:
        count: how many there are.
        one: the noun for one.
        many: the noun for any other number; if not given, that for one with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def as_sentence(text: str) -> str:
    """The text with a capital at its start and a full stop at its end."""
    return text[0].upper() + text[1:] + "."


def time_words(ms: float) -> str:
    """A time in ms, or in s if it is at least 1 s."""
    if not math.isfinite(ms):
        return three(ms)
    if abs(ms) < 999.5:
        return f"{ms:.3g} ms"
    return f"{ms / 1000:.3g} s" if abs(ms) < 999_500 else f"{ms / 1000:,.0f} s"


def course_words(time_constant_ms: float) -> str:
    """How a mode changes: "decays in 12 ms", "grows in 4 ms" for a negative time constant, "stands" for infinity.

    Args:
        time_constant_ms: time in which it falls to 1/e; negative if it grows e-fold in that time.
    """
    if math.isnan(time_constant_ms):
        return "–"
    if math.isinf(time_constant_ms):
        return "stands"
    return f"{'grows' if time_constant_ms < 0 else 'decays'} in {time_words(abs(time_constant_ms))}"


def motion_words(frequency_hz: float, time_constant_ms: float) -> str:
    """How a mode moves: "period 73.8 ms, grows in 4 ms".

    Args:
        frequency_hz: frequency of its rotation; 0 for none.
        time_constant_ms: time in which it falls to 1/e; negative if it grows.
    """
    turn = f"period {time_words(1000 / frequency_hz)}" if frequency_hz > 0 else "no rotation"
    return f"{turn}, {course_words(time_constant_ms)}"
