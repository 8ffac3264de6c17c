"""Arrays that a user gives to an analysis: another shape, text, complex or missing numbers are one line with a name."""

from functools import partial

import numpy as np
import pytest

import recurra as rc

RANDOM = np.random.default_rng(0)
NETWORK = rc.network(RANDOM.normal(size=(5, 5)) / 3, RANDOM.normal(size=(5, 2)), RANDOM.normal(size=(1, 5)))
TASK = rc.Xor()
ALONG = partial(rc.continuation, NETWORK, TASK)
OF_TASK = {  # analysis: names of its arrays
    rc.fixed_points: ("inputs", "starts"),
    rc.fixed_points_under: ("inputs",),
    rc.flow_field: ("plane", "center", "inputs"),
    rc.lyapunov_spectrum: ("state", "inputs"),
    rc.regimes: ("ends",),
    rc.program: ("ends",),
    rc.nearest_linearizations: ("ends",),
    rc.starts_near: ("states",),
    rc.states_on: ("inputs",),
    rc.principal_components: ("rates",),
    rc.singular_vectors: ("rates",),
    rc.tensor_components: ("rates",),
    rc.demixed_components: ("rates",),
    rc.unit_selectivity: ("rates",),
    rc.signature_of: ("rates",),
    rc.spectrum: ("recurrent",),
    rc.non_normality: ("recurrent",),
    rc.weight_statistics: ("recurrent",),
    rc.latent_variables: ("inputs",),
    rc.latent_paths: ("inputs",),
}
GIVEN = [
    *[(f"{analysis.__name__}: {name}", name, partial(analysis, NETWORK, TASK))
      for analysis, names in OF_TASK.items() for name in names],
    ("continuation: state", "state", partial(ALONG, direction=[1.0, 0.0])),
    ("continuation: direction", "direction", ALONG),
    ("continuation: origin", "origin", partial(ALONG, direction=[1.0, 0.0])),
    ("continuation: amplitudes", "amplitudes", partial(ALONG, direction=[1.0, 0.0])),
    ("fixed_points_under: starts", "starts", partial(rc.fixed_points_under, NETWORK, TASK, inputs=np.zeros((1, 2)))),
    ("floquet_multipliers: state", "state", partial(rc.floquet_multipliers, NETWORK, period_ms=10.0)),
    ("latent_flow: kappa", "kappa", partial(rc.latent_flow, NETWORK)),
    ("latent_flow: inputs", "inputs", partial(rc.latent_flow, NETWORK, kappa=np.zeros(5))),
    ("linear_cka: first", "rates", lambda rates: rc.linear_cka(rates, np.zeros((4, 5)))),
    ("procrustes_distance: second", "rates", lambda rates: rc.procrustes_distance(np.zeros((4, 5)), rates)),
]  # fmt: skip
STRANGE = [
    np.zeros(7),
    np.zeros((7, 7, 7, 7)),
    np.zeros((2, 0)),
    [[0.0, 1.0], [2.0]],
    "abc",
    [["a", "b"]],
    np.zeros((2, 5)) * 1j,
    {"a": 1},
]


@pytest.mark.parametrize(("name", "computed"), [case[1:] for case in GIVEN], ids=[case[0] for case in GIVEN])
def test_what_is_no_such_array_is_named(name, computed):
    for strange in STRANGE:
        with pytest.raises((TypeError, ValueError), match=rf"^{name} ha(s|ve)\b.*expected [^\n]*$"):
            computed(**{name: strange})


@pytest.mark.parametrize("name", ["state", "direction", "origin", "amplitudes"])
def test_a_branch_needs_finite_numbers(name):
    good = {"state": np.zeros(5), "direction": np.ones(2)}
    with pytest.raises(ValueError, match=f"^{name} holds"):
        ALONG(**good | {name: np.full(5 if name == "state" else 2, np.nan)})
