"""Spheres as triangles, and edges as one line."""

import itertools
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

Vertices = Float[np.ndarray, "_vertex 3"]
Faces = Int[np.ndarray, "_face 3"]


@lru_cache
def unit_sphere(divisions: int) -> tuple[Vertices, Faces]:
    """A sphere of radius 1 from an icosahedron whose faces are divided a number of times."""
    golden = (1 + np.sqrt(5)) / 2
    pairs = itertools.product((-1, 1), (-golden, golden))
    flat = [(0.0, one, other) for one, other in pairs]
    corners = np.array([np.roll(corner, shift) for shift in range(3) for corner in flat])
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    near = np.linalg.norm(corners[:, None] - corners[None], axis=-1) < 1.1
    triples = itertools.combinations(range(12), 3)
    faces = [triple for triple in triples if all(near[i, j] for i, j in itertools.combinations(triple, 2))]
    vertices, triangles = corners, np.array(faces)
    for _ in range(divisions):
        vertices, triangles = _divided(vertices, triangles)
    return vertices, _outward(vertices, triangles)


def broken_line(
    points: Float[np.ndarray, "point axis"], edges: Int[np.ndarray, "edge end"]
) -> Float[np.ndarray, "at axis"]:
    """The edges between points as one line, with NaN where the pen is lifted."""
    gap = np.full((len(edges), 1, points.shape[1]), np.nan)
    return np.concatenate([points[edges], gap], axis=1).reshape(-1, points.shape[1])


def _divided(vertices: Vertices, faces: Faces) -> tuple[Vertices, Faces]:
    sides = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, which = np.unique(sides, axis=0, return_inverse=True)
    middle = vertices[unique].mean(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    new = len(vertices) + which.reshape(-1, 3)
    first, second, third = faces.T
    a, b, c = new.T
    smaller = [(first, a, c), (second, b, a), (third, c, b), (a, b, c)]
    return np.concatenate([vertices, middle]), np.concatenate([np.stack(face, axis=1) for face in smaller])


def _outward(vertices: Vertices, faces: Faces) -> Faces:
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    inward = (np.cross(second - first, third - first) * first).sum(axis=1) < 0
    return np.where(inward[:, None], faces[:, ::-1], faces)
