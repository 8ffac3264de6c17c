"""How cubes are turned against each other."""

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recurra.studies.rotations import rotation_verdict, turn_between

CUBE = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))


@pytest.mark.parametrize("angle", [0.0, 5.0, 20.0, 40.0])
def test_a_known_turn_in_any_place_and_size(angle, seed):
    turned = CUBE @ Rotation.from_euler("z", angle, degrees=True).as_matrix().T
    moved = 3.7 * turned + np.random.default_rng(seed).normal(size=3)
    found, alike = turn_between(CUBE, moved)
    assert found == pytest.approx(angle, abs=1e-4)
    assert alike == pytest.approx(1)


def test_order_and_signs_of_axes_are_no_turn():
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((-1.0, 1.0), repeat=3):
            found, alike = turn_between(CUBE, CUBE[:, list(order)] * np.array(signs))
            assert found == pytest.approx(0, abs=1e-4)
            assert alike == pytest.approx(1)


def rows(*angles):
    found = []
    for at, angle in enumerate(angles):
        turn = Rotation.from_euler("z", angle, degrees=True)
        for corner in CUBE:
            state = "".join("+" if sign > 0 else "-" for sign in corner)
            places = {f"pc{axis}": float(place) for axis, place in enumerate(turn.apply(corner), 1)}
            found.append({"network": at, "state": state, **places})
    return found


def test_the_verdict():
    assert rotation_verdict(rows(0, 30, 60)).verdict == "agrees"
    assert rotation_verdict(rows(0, 2, 4)).verdict == "differs"
    assert rotation_verdict(rows(0)).verdict == "cannot be compared"
