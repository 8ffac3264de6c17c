"""The annotations of recurra are checked while its tests run: `pytest -p tests.annotations`.

Every function checks what it is given and gives back, kinds and shapes, by beartype and jaxtyping. Left out are the
constructors of pytrees, which JAX itself fills with more axes, with shapes or with nothing, and what a test gives to
have it refused.
"""

from contextlib import contextmanager

import jax
import jaxtyping
import numpy as np
import pytest
from beartype import BeartypeConf, FrozenDict, beartype

# A whole number is a number, and NumPy's are Python's.
REAL = float | int | np.integer | np.floating
NUMBERS = {int: int | np.integer, float: REAL, complex: complex | np.complexfloating | REAL, bool: bool | np.bool_}
checking = beartype(conf=BeartypeConf(hint_overrides=FrozenDict(NUMBERS)))
refused = pytest.raises


def checked(function):
    """The function with its annotations checked."""
    made = checking(function)
    if function.__name__ != "__init__":
        return made
    return lambda self, *values, **named: jax.tree_util.all_leaves([self]) and made(self, *values, **named)


@contextmanager
def raises_unchecked(expected, **options):
    """`pytest.raises`, in which nothing is checked: recurra's own refusal is what the test is about."""
    with refused(expected, **options) as caught:
        jaxtyping.config.update("jaxtyping_disable", True)
        try:
            yield caught
        finally:
            jaxtyping.config.update("jaxtyping_disable", False)


pytest.raises = raises_unchecked
jaxtyping.install_import_hook("recurra", "tests.annotations.checked")
