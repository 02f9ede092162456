"""``stationary_law``: the long-run law of LPT with a constant learning rate."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.sparse.linalg import splu

from alpt_ref.formats import Format
from alpt_ref.grid import Grid
from alpt_ref.tools.brief import brief_repr
from alpt_ref.walks.exact import Distribution, Oracle, gradients_at, start_law, states_of, weights_of
from alpt_ref.walks.rule import Rule, as_rule
from alpt_ref.walks.states import States, Targets
from alpt_ref.walks.transition import EPS, Floats, transitions
from alpt_ref.walks.window import states_on

SHIFT = 2.0**-46
ITERATIONS = 4
DENSE = 1024  # states of a class that Gaussian elimination is tried on


@dataclass(frozen=True, eq=False)
class Stationary(Distribution):
    """A law pi with pi P = pi, as far as ``residual`` says.

    residual : sum |pi P - pi|. error : bound on the relative error of every probability, inf where there is none (a class of
    more than 1024 states, or chances of absorption in several). Moves that end on the next point to within a rounding error are
    taken to end there.
    classes : how many closed classes can be reached from the start; pi mixes their laws by the chances of ending in each.
    clipped : the probability that a step's target lies outside the box. clip_gradient : (d,), E[|g_i| 1{i is clipped}].
    gradient : (d,), E g.
    """

    residual: float
    error: float
    classes: int
    clipped: float
    gradient: Floats
    clip_gradient: Floats

    __repr__ = brief_repr


def stationary_law(
    oracle: Oracle, grid: Grid | Format | States, rule: Rule | str = "stochastic", *, eta: float, start: ArrayLike = 0.0
) -> Stationary:
    """The stationary law that w_{t+1} = Q(w_t - eta g_t), w_1 = ``start``, ends in (in time average, where it is periodic).

    Arguments as for :func:`alpt_ref.theory.exact_law`, with probabilities (k,) that never change.

    Method: the closed classes of the states reachable from the start are found as strongly connected components. The law of
    each, up to 1024 states, comes from Gaussian elimination without subtractions (Grassmann, Taksar, Heyman 1985), which is
    accurate in every entry however slowly the chain mixes; of a larger one from inverse iteration with I (1 + 2^-46) - P^T,
    which needs a spectral gap well above 2^-46 = 1.4e-14. Classes are mixed by the chances of absorption, from a sparse LU.
    Accuracy: ``error``, by the entrywise perturbation bound of O'Cinneide 1993, and ``residual``.
    Raises ValueError, naming the argument, and where a transient state is left too rarely for float64.
    """
    states = states_on(grid)
    chain = _chain(oracle, states, as_rule(rule), eta)
    points, g, p, P = chain.points, chain.g, chain.p, chain.P
    law, error = _long_run(P, start_law(states, chain.ordinals, start), chain.off)
    outside = chain.outside
    return Stationary(
        points,
        law,
        float(np.abs(P.T @ law - law).sum()),
        error,
        _n_classes(P, law),
        float(p @ outside.any(axis=2) @ law),
        np.einsum("j,jnd,n->d", p, g, law),
        np.einsum("j,jnd,n->d", p, np.abs(g) * outside, law),
    )


def reachable(oracle: Oracle, grid: Grid | Format | States, rule: Rule | str, *, eta: float, start: ArrayLike = 0.0) -> Floats:
    """The points that w_t can be at for some t, float64 (n, d): those that a path of positive probability leads to."""
    states = states_on(grid)
    chain = _chain(oracle, states, as_rule(rule), eta)
    return chain.points[_reachable(chain.P, start_law(states, chain.ordinals, start))]


def transition_matrix(oracle: Oracle, grid: Grid | Format | States, rule: Rule | str, *, eta: float) -> sp.csr_array:
    """The probabilities of one step between the points of the grid, (N, N), in C order."""
    return _chain(oracle, states_on(grid), as_rule(rule), eta).P


class _Chain(NamedTuple):
    """The states and their ordinals (N, d), the outcomes of the gradient there, their probabilities, the transition matrix,
    whether a target is outside of the box, (k, N, d), and how far off the matrix's entries may be, relatively and absolutely,
    in units of 2^-53.
    """

    points: Floats
    ordinals: Floats
    g: Floats
    p: Floats
    P: sp.csr_array
    outside: NDArray[np.bool_]
    off: tuple[float, float]


def _chain(oracle: Oracle, states: States, rule: Rule, eta: float) -> _Chain:
    points, ordinals = states_of(oracle, states)
    if np.ndim(oracle.probabilities) != 1:
        raise ValueError("probabilities must be (k,), the same in every step, for a law in the long run")
    if np.ndim(eta) or not 0.0 < eta < np.inf:
        raise ValueError(f"eta must be positive and finite, got {eta!r}")
    p, g = weights_of(oracle, 1)[0], gradients_at(oracle, points)
    move = -eta * g / states.unit
    step = transitions(ordinals, move, states, rule)
    targets = [states.split(ordinals[:, i], move[:, :, i]) for i in range(oracle.d)]
    n = points.shape[0]
    source = np.broadcast_to(np.arange(n), step.target.shape)
    chance = step.chance * np.repeat(p, step.target.shape[0] // p.size)[:, None]
    some = chance > 0
    P = sp.csr_array((chance[some], (source[some], step.target[some])), shape=(n, n))
    most = max(amplified(at, ordinals[:, i]) for i, at in enumerate(targets))
    relative = step.relative + (4.0 * most if oracle.d > 1 or most == np.inf else 0.0)
    outside = np.stack([at.outside > 0.0 for at in targets], axis=2)
    return _Chain(points, ordinals, g, p, P, outside, (relative + p.size, step.absolute + p.size))


def amplified(at: Targets, base: Floats) -> float:
    """The largest c/(1 - c), c how much of the next cell a move covers: what takes a relative error of c to one of 1 - c.

    inf where a target lies beyond the next point, for the chance of going there is a difference, too. A move that ends on the
    next point, to within rounding, is taken to end there.
    """
    ahead, behind = at.floors == base, at.floors == base - 1.0
    whole = (at.floors == base + 1.0) & (at.fractions == 0.0)
    if not (ahead | behind | whole).all():
        return float(np.inf)
    moved, stays = np.where(ahead, at.fractions, at.rests), np.where(ahead, at.rests, at.fractions)
    some = ~whole & (stays > 0.0)
    return float((moved[some] / stays[some]).max(initial=0.0))


def _n_classes(P: sp.csr_array, law: Floats) -> int:
    places = np.flatnonzero(law)
    return int(connected_components(P[places][:, places], directed=True, connection="strong")[0])


def _reachable(P: sp.csr_array, start: Floats) -> NDArray[np.int64]:
    seen = np.zeros(P.shape[0], bool)
    for place in np.flatnonzero(start):
        if not seen[place]:
            seen[breadth_first_order(P, int(place), return_predecessors=False)] = True
    return np.flatnonzero(seen)


def _long_run(P: sp.csr_array, start: Floats, entries_off: tuple[float, float]) -> tuple[Floats, float]:
    """The mixture of the closed classes' laws, (N,), and the bound on its relative error."""
    places = _reachable(P, start)
    R = sp.csr_array(P[places][:, places])
    _, label = connected_components(R, directed=True, connection="strong")
    entries = R.tocoo()
    leaving = np.unique(label[entries.row[label[entries.row] != label[entries.col]]])
    closed = np.setdiff1d(np.unique(label), leaving)
    transient = np.flatnonzero(np.isin(label, leaving))
    out, error = np.zeros(P.shape[0]), 0.0
    reached = start[places]
    if transient.size and closed.size > 1:  # expected visits v = s (I - P_tt)^-1, then one step into the classes
        inside = R[transient][:, transient]
        try:
            visits = splu(sp.csc_array(sp.eye_array(transient.size) - inside.T)).solve(reached[transient])
        except RuntimeError:
            raise ValueError("the chain has a transient state that it leaves too rarely to be told from a closed one") from None
        reached = reached + R[transient].T @ visits
        error = np.inf
    for name in closed:
        members = np.flatnonzero(label == name)
        law, off = _fixed_point(sp.csr_array(R[members][:, members]), *entries_off)
        out[places[members]] = (reached[members].sum() if closed.size > 1 else 1.0) * law
        error = max(error, off)
    return np.asarray(out / out.sum()), error


def _fixed_point(P: sp.csr_array, relative: float, absolute: float) -> tuple[Floats, float]:
    """The law pi = pi P of an irreducible chain, and the bound on its relative error, from those on the entries of P."""
    n = P.shape[0]
    if n <= DENSE:
        A = P.toarray()
        np.fill_diagonal(A, 0.0)
        least = float(A[A > 0].min()) if n > 1 else 1.0
        return eliminated(A), EPS * (2.0 * n**3 + 2.0 * n * min(relative, absolute / least))
    factor = splu(sp.csc_array((1.0 + SHIFT) * sp.eye_array(n) - P.T), diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    law = np.full(n, 1.0 / n)
    for _ in range(ITERATIONS):
        law = np.maximum(factor.solve(law), 0.0)
        law /= law.sum()
    return law, np.inf


def eliminated(A: Floats) -> Floats:
    """GTH: the law of the chain with off-diagonal probabilities A (n, n), overwritten; sums of positive numbers only."""
    n = A.shape[0]
    for k in range(n - 1, 0, -1):
        A[:k, k] /= A[k, :k].sum()
        A[:k, :k] += np.outer(A[:k, k], A[k, :k])
        np.fill_diagonal(A, 0.0)
    law = np.ones(n)
    for k in range(1, n):
        law[k] = law[:k] @ A[:k, k]
        law[: k + 1] /= max(law[k], 1.0)  # no overflow, wherever the mass is
    return np.asarray(law / law.sum())
