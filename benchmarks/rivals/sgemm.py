"""Worker of training_step.py: milliseconds of a float32 product of two 2,000 x 2,000 matrices, whatever the shape."""

import statistics
import time

import numpy as np
from protocol import Shape, Times, serve

SIZE = 2_000
PRODUCTS = 5


def prepare(_: Shape) -> Times:
    """Every time is the median of a few products."""
    left, right = np.random.default_rng(0).standard_normal((2, SIZE, SIZE), np.float32)

    def once() -> float:
        began = time.perf_counter()
        np.matmul(left, right)
        return 1e3 * (time.perf_counter() - began)

    once()
    return lambda repeat: [statistics.median(once() for _ in range(PRODUCTS)) for _ in range(repeat)]


if __name__ == "__main__":
    serve(prepare)
