"""Eigenvalues of one step of a network at a state."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Complex, Float

from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.starts import in_parts
from recurra.threads import one_thread

States = Float[np.ndarray, "point state"]
OUTSIDE = 1e-9  # a mode is unstable if its eigenvalue is further outside the unit circle, times the largest leak


def eigenvalues_at(flow: Flow, states: States) -> Complex[np.ndarray, "point mode"]:
    """Eigenvalues of the Jacobian of one step at every state, by modulus, the largest first.

    Args:
        flow: the flow at a constant input.
        states: states at which it is linearized.
    """
    return modes_at(flow, states)[0]


def modes_at(
    flow: Flow, states: States, change: Sequence[Complex[np.ndarray, "mode"] | None] | None = None
) -> tuple[Complex[np.ndarray, "point mode"], Float[np.ndarray, "point mode"]]:
    r"""Eigenvalues λ of the Jacobian of one step, the largest modulus first, and how far outside the circle they are.

    With $\lambda = 1 + \mu$, and μ the eigenvalues of the leaks times the displacement's Jacobian, $|\lambda| - 1$ is
    $(2 \Re \mu + |\mu|^2) / (1 + |\lambda|)$, which loses no digits at a small leak. It is given in units of the
    largest leak, so that the length of the time step does not decide which modes are unstable.

    Args:
        flow: the flow at a constant input.
        states: states at which it is linearized.
        change: the μ of each state, or None for a state whose μ are not known yet.
    """
    if not len(states):
        return np.zeros(states.shape, complex), np.zeros(states.shape)
    leaks = flow.leaks()
    known = [None] * len(states) if change is None else change
    missing = [at for at, values in enumerate(known) if values is None]
    with one_thread():
        new = iter(in_parts(lambda part: np.linalg.eigvals(leaks[:, None] * flow.jacobian(part)), states[missing]))
    change_of = np.array([next(new) if values is None else values for values in known], complex)
    beyond = (2 * np.real(change_of) + np.abs(change_of) ** 2) / (1 + np.abs(1 + change_of))
    order = np.argsort(-beyond, axis=1, kind="stable")
    values, beyond = (np.take_along_axis(array, order, axis=1) for array in (1 + change_of, beyond))
    return values, beyond / leaks.max()
