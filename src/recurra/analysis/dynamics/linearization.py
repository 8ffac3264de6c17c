"""Eigenvalues of one step of a network at a state."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Complex, Float

from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.starts import in_parts
from recurra.threads import one_thread

States = Float[np.ndarray, "point state"]
OUTSIDE = 1e-9  # a mode is unstable if its eigenvalue lies so far outside the unit circle, times the largest leak


def eigenvalues_at(flow: Flow, states: States) -> Complex[np.ndarray, "point mode"]:
    """Eigenvalues of the Jacobian of one step at every state, by modulus, the largest first.

    Args:
        flow: the flow at a constant input.
        states: where it is linearized.
    """
    return modes_at(flow, states)[0]


def modes_at(
    flow: Flow, states: States, change: Sequence[Complex[np.ndarray, "mode"] | None] | None = None
) -> tuple[Complex[np.ndarray, "point mode"], Float[np.ndarray, "point mode"]]:
    r"""Eigenvalues λ of the Jacobian of one step, the largest modulus first, and how far outside the circle they are.

    With $\lambda = 1 + \mu$, μ of the displacement's Jacobian times the leaks, the modulus is beyond 1 by
    $(2 \Re \mu + |\mu|^2) / (1 + |\lambda|)$, without the loss of digits at a small leak. It is given in units of the
    largest leak, so that the length of the time step does not decide what is unstable.

    Args:
        flow: the flow at a constant input.
        states: where it is linearized.
        change: the μ of each state, or None where they are not known yet.
    """
    if not len(states):
        return np.zeros(states.shape, complex), np.zeros(states.shape)
    leaks = flow.leaks()
    known = [None] * len(states) if change is None else change
    missing = [at for at, one in enumerate(known) if one is None]
    with one_thread():
        new = iter(in_parts(lambda part: np.linalg.eigvals(leaks[:, None] * flow.jacobian(part)), states[missing]))
    change_of = np.array([next(new) if one is None else one for one in known], complex)
    beyond = (2 * np.real(change_of) + np.abs(change_of) ** 2) / (1 + np.abs(1 + change_of))
    order = np.argsort(-beyond, axis=1, kind="stable")
    values, beyond = (np.take_along_axis(one, order, axis=1) for one in (1 + change_of, beyond))
    return values, beyond / leaks.max()
