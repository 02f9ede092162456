"""Sizes of the convergence-error study: everything a reader may want to turn, in one place."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CtrSettings:
    """LR and FM on click data: plain SGD, one example a step.

    lrs, half_widths : what is tried on validation with seed 0, the latter as (linear, factors); m bits have
        delta = half_width / 2^(m-1).
    """

    n_rows: int = 18_000  # synthetic data: rows of train, and a sixth of it each for validation and test
    n_fields: int = 8
    n_values: int = 300
    click_rate: float = 0.1
    bits: tuple[int, ...] = (8, 4)
    lrs: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3)
    half_widths: tuple[tuple[float, float], ...] = ((4.0, 1.0), (1.0, 0.25))
    epochs: int = 4
    seeds: int = 16
    k: int = 4


@dataclass(frozen=True)
class Settings:
    """Sizes and grids of the study.

    eta_batch : constant learning rates of exact gradients, in units of 1/L.
    eta_example : eta of eta / sqrt(t) for one random example a step, in units of ||w*|| / (sqrt(2) G), which minimizes T1's
        bound if the distance to w* never exceeds ||w_1 - w*||.
    work, batch_steps : exact-gradient runs take work / nnz steps, within these two numbers.
    """

    gaussian: tuple[int, int] = (400, 10)
    one_hot: tuple[int, int, int] = (1000, 5, 16)
    l2: float = 1e-2
    l2_real: float = 1e-3
    bits: tuple[int, ...] = (4, 6, 8)
    eta_batch: tuple[float, ...] = (1.0, 1 / 4, 1 / 16)
    eta_example: tuple[float, ...] = (2.0, 1 / 2, 1 / 8)
    work: float = 1e7
    batch_steps: tuple[int, int] = (600, 2000)
    example_steps: int = 20_000
    replicas: int = 16
    slope_bits: tuple[int, ...] = (5, 6, 7, 8, 9)
    gd_gap: float = 1e-8
    gd_steps: int = 200_000
    curve_points: int = 32
    floor_points: int = 17
    confidence: float = 0.95
    seed: int = 0
    ctr: CtrSettings = field(default_factory=CtrSettings)

    def steps(self, nnz: int) -> int:
        """Steps of an exact-gradient run on a problem with ``nnz`` entries."""
        low, high = self.batch_steps
        return int(min(max(self.work / nnz, low), high))


QUICK = Settings(
    gaussian=(100, 5),
    one_hot=(100, 3, 4),
    bits=(4, 8),
    eta_batch=(1.0,),
    eta_example=(1 / 2,),
    batch_steps=(50, 300),
    example_steps=1000,
    replicas=4,
    slope_bits=(5, 6, 7),
    gd_gap=1e-4,
    ctr=CtrSettings(n_rows=600, n_fields=3, n_values=8, bits=(4,), lrs=(0.03, 0.1), epochs=1, seeds=2, k=2),
)
