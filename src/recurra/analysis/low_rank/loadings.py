"""The loadings of a network: what every unit receives from inputs and sends to latent variables and outputs."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from jaxtyping import Float

from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.arrays import RateWeights
from recurra.checks import check_count, check_finite
from recurra.engine import RateDynamics
from recurra.models.network import Network, NotApplicableError
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.threads import one_thread

LOW = 0.1  # a network is of low rank if its rank is at most this share of its units
SINGLE = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Loadings(Shown):
    r"""The loadings of a network whose recurrent weights are $W = m n^T / N$, exactly or after truncation.

    A network of N units with inputs u and output z is, in the current form,
    $\tau \dot x = -x + \frac{1}{N} \sum_r m_r n_r^T \varphi(x) + \sum_s I_s u_s + b$ and
    $z = \frac{1}{N} w^T \varphi(x) + z_0$. Each unit has one entry of every vector, its loadings.

    The product fixes neither size nor direction of m and n. They are made canonical by the singular vectors u and v and
    values s of W: $m_r = \sqrt{s_r N}\, u_r$ and $n_r = \sqrt{s_r N}\, v_r$ in descending order of s, so that m and n
    have equal norms, the m are orthogonal, and so are the n. The sign of each pair is such that
    $m_r^T w_1 > 0$ with the first output's w (if this is 0, that the largest entry of $m_r$ is positive): then a latent
    variable above 0 raises the first output.

    Args:
        input_loadings: I, the input weights.
        n: input-selection vectors n.
        m: output vectors m.
        output_loadings: w, N times the readout weights.
        bias: b, the constant current to every unit.
        output_bias: $z_0$.
        explained: share of the squared norm of W that m and n keep; 1 but for rounding if W has their rank.
    """

    sources: ClassVar[tuple[str, ...]] = ("mastrogiuseppe2018", "dubreuil2022")

    input_loadings: Float[np.ndarray, "unit input"]
    n: Float[np.ndarray, "unit rank"]
    m: Float[np.ndarray, "unit rank"]
    output_loadings: Float[np.ndarray, "unit output"]
    bias: Float[np.ndarray, "unit"]
    output_bias: Float[np.ndarray, "output"]
    explained: float

    @property
    def units(self) -> int:
        return len(self.m)

    @property
    def rank(self) -> int:
        return self.m.shape[1]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of `cloud`: I1, I2, ..., n1, ..., m1, ..., w1, ..., and b if there is a bias."""
        letters = {"I": self.input_loadings, "n": self.n, "m": self.m, "w": self.output_loadings}
        names = [f"{letter}{at + 1}" for letter, array in letters.items() for at in range(array.shape[1])]
        return (*names, "b") if self.bias.any() else tuple(names)

    @property
    def cloud(self) -> Float[np.ndarray, "unit loading"]:
        """All loadings of every unit: the points of a cloud."""
        columns = [self.input_loadings, self.n, self.m, self.output_loadings]
        return np.concatenate([*columns, self.bias[:, None]] if self.bias.any() else columns, axis=1)

    @property
    def recurrent(self) -> Float[np.ndarray, "post pre"]:
        r"""$m n^T / N$."""
        return self.m @ self.n.T / self.units

    def overlaps(self) -> xr.DataArray:
        r"""The overlaps $a^T b / N$ of all loadings, with their names: `overlaps().sel(loading="n1", other="m1")`."""
        cloud, names = self.cloud, list(self.names)
        coords = {"loading": names, "other": names}
        return xr.DataArray(cloud.T @ cloud / self.units, coords, ("loading", "other"), name="overlap")

    def with_cloud(self, cloud: Float[np.ndarray, "unit loading"]) -> "Loadings":
        """The loadings of other units, whose columns are those of `cloud`; m and n are canonical.

        Args:
            cloud: one row per unit.
        """
        ends = np.cumsum([one.shape[1] for one in (self.input_loadings, self.n, self.m, self.output_loadings)])
        if cloud.ndim != 2 or cloud.shape[1] != len(self.names):
            raise ValueError(
                f"cloud has shape {cloud.shape}; expected (unit, {len(self.names)}): {', '.join(self.names)}"
            )
        inward, n, m, output, rest = np.split(cloud, ends, axis=1)
        bias = rest[:, 0] if rest.size else np.zeros(len(cloud))
        m, n = canonical(m, n, output)
        return Loadings(inward, n, m, output, bias, self.output_bias, self.explained)

    def network(self, like: Network) -> Network:
        """The network with these loadings, with the equations and time step of another one.

        Args:
            like: a network with one leak for all units, or with as many units.
        """
        weights = RateWeights(
            recurrent=self.recurrent,
            input=self.input_loadings,
            output=self.output_loadings.T / self.units,
            recurrent_bias=self.bias,
            output_bias=self.output_bias,
        )
        equations_of(like).unit_leaks(self.units)
        return Network(like.dynamics, weights, like.dt_ms)


@of_each_network
def loadings(network: Subject, task: Task | None = None, *, rank: int | None = None) -> Loadings:
    """The canonical loadings of a network of rate units.

    Args:
        network: the network, or a cohort.
        task: its task, which the loadings do not depend on.
        rank: how many pairs m and n; the smaller singular values are left out. If None, the rank of the recurrent
            weights: the number of singular values above N times the rounding of float32 times the largest.

    Raises:
        NotApplicableError: the network is not one of rate units.

    Source: Mastrogiuseppe and Ostojic (2018); Dubreuil et al. (2022).
    """
    network = visit_of(network, task).network
    equations_of(network)
    weights: Any = network.double
    with one_thread():
        left, values, right = np.linalg.svd(network.recurrent)
    if rank is None:
        rank = rank_of(values)
    check_count("rank", rank, at_most=len(values))
    output = weights.output.T * len(values)
    sizes = np.sqrt(values[:rank] * len(values))
    signs = _signs(left[:, :rank], output) * sizes
    total = float((values**2).sum())
    return Loadings(
        input_loadings=weights.input,
        n=right[:rank].T * signs,
        m=left[:, :rank] * signs,
        output_loadings=output,
        bias=weights.recurrent_bias,
        output_bias=weights.output_bias,
        explained=float((values[:rank] ** 2).sum()) / total if total else 1.0,
    )


def is_low_rank(network: Network) -> bool:
    """Whether the rank of the recurrent weights is at most a tenth of the number of units, or 1.

    Args:
        network: any network; one that is not of rate units is not of low rank.
    """
    if not isinstance(network.dynamics, RateDynamics):
        return False
    with one_thread():
        values = np.linalg.svd(network.recurrent, compute_uv=False)
    return bool(values[0] > 0) and 1 <= rank_of(values) <= max(1, LOW * len(values))


def rank_of(values: Float[np.ndarray, "value"]) -> int:
    """The rank of a matrix of float32 numbers with these singular values, in descending order; at least 1."""
    return max(1, int((values > len(values) * SINGLE * values[0]).sum()))


def equations_of(network: Network) -> RateDynamics:
    """The equations of a network of rate units; an error if it is another one."""
    if not isinstance(network.dynamics, RateDynamics):
        kind = type(network.dynamics).__name__.removesuffix("Dynamics")
        raise NotApplicableError(f"{kind} networks have no loadings: they are no networks of rate units")
    return network.dynamics


def canonical(
    m: Float[np.ndarray, "unit rank"], n: Float[np.ndarray, "unit rank"], output: Float[np.ndarray, "unit output"]
) -> tuple[Float[np.ndarray, "unit rank"], Float[np.ndarray, "unit rank"]]:
    r"""Canonical m and n with the same product $m n^T$, without making the product.

    Args:
        m: any vectors m.
        n: any vectors n.
        output: w, which fixes the signs.
    """
    if m.shape != n.shape or m.ndim != 2 or m.shape[1] > len(m):
        raise ValueError(f"m and n have shapes {m.shape} and {n.shape}; expected one shape (unit, rank)")
    check_finite("m", m)
    check_finite("n", n)
    (left, first), (right, second) = np.linalg.qr(m), np.linalg.qr(n)
    inner_left, values, inner_right = np.linalg.svd(first @ second.T)
    left = left @ inner_left
    scale = _signs(left, output) * np.sqrt(values)
    return left * scale, right @ inner_right.T * scale


def _signs(left: Float[np.ndarray, "unit rank"], output: Float[np.ndarray, "unit output"]) -> Float[np.ndarray, "rank"]:
    along = left.T @ output[:, 0]
    largest = np.take_along_axis(left, np.abs(left).argmax(axis=0)[None], axis=0)[0]
    return np.where(np.where(along == 0, largest, along) < 0, -1.0, 1.0)
