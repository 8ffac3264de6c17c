"""Where do the coefficients of the native engine's float32 tanh come from, and how exact is it?

    .venv/bin/python benchmarks/tanh_approximation.py

tanh(x) = x P(x^2) / Q(x^2) with P of degree 3 and Q of degree 4, |x| cut at 7.9 where tanh is 1 - 3e-7: the rational
function with the least relative error, by least squares whose weights follow the error (Lawson's method). Prints the
coefficients as they stand in `vectors.h`, and the largest error of all that float32 arithmetic makes of them.
"""

import numpy as np

CUT, ABOVE, BELOW, ITERATIONS = 7.9, 3, 4, 300


def fitted() -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of P and Q by rising power of x^2; the first of Q is 1."""
    x = np.sort(np.concatenate([np.linspace(1e-3, CUT, 3000), CUT * (1 - np.cos(np.linspace(1e-3, np.pi, 3000))) / 2]))
    tanh, square = np.tanh(x), (x / CUT) ** 2
    weight, below, best = np.ones_like(x), np.ones_like(x), (np.inf, np.empty(0), np.empty(0))
    for _ in range(ITERATIONS):
        row = np.sqrt(weight) / (tanh * below)
        columns = [x * square**k for k in range(ABOVE + 1)] + [-tanh * square**k for k in range(1, BELOW + 1)]
        found = np.linalg.lstsq(np.column_stack(columns) * row[:, None], tanh * row, rcond=None)[0]
        p, q = found[: ABOVE + 1], np.append(1.0, found[ABOVE + 1 :])
        below = np.polyval(q[::-1], square)
        error = np.abs(x * np.polyval(p[::-1], square) / below / tanh - 1)
        if below.min() > 0 and error.max() < best[0]:
            best = error.max(), p / CUT ** (2 * np.arange(ABOVE + 1)), q / CUT ** (2 * np.arange(BELOW + 1))
        weight = weight * (error + 1e-12 * error.max())
        weight /= weight.sum()
    return best[1], best[2]


def in_float32(x: np.ndarray, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """What the kernel computes, without fused multiply-add."""
    x = np.clip(x, np.float32(-CUT), np.float32(CUT))
    square = x * x
    above, below = np.full_like(x, p[-1]), np.full_like(x, q[-1])
    for coefficient in p[-2::-1]:
        above = above * square + coefficient
    for coefficient in q[-2::-1]:
        below = below * square + coefficient
    return x * above / below


def main() -> None:
    p, q = (coefficients.astype(np.float32) for coefficients in fitted())
    for name, coefficients in (("above", p), ("below", q)):
        print(f"{name}[] = {{{', '.join(f'{value:.9g}f' for value in coefficients)}}}")
    x = np.linspace(-12, 12, 2_000_001, dtype=np.float32)
    found, exact = in_float32(x, p, q), np.tanh(x.astype(np.float64))
    print(f"largest error {np.abs(found - exact).max():.2g}, largest value {found.max():.9g}")


if __name__ == "__main__":
    main()
