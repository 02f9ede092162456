"""LPT-SGD exactly as the theorems analyse it, on a GPU: a thread for each replica; steps and words are those of the CPU."""

from functools import cache

from numba import cuda
from numpy import float64, int64, uint64

from alpt_ref.kernels.cpu.replicas import RANDOM_BITS, outcome, shift
from alpt_ref.kernels.cuda.launch import kernel
from alpt_ref.scalars.arithmetic import times
from alpt_ref.scalars.optimizers import learning_rate
from alpt_ref.scalars.philox import Stream, centred_uniform, random_bits_mask, word_at
from alpt_ref.scalars.rounding import FLOAT64, Scalar, mover

_LINEAR = uint64(Stream.LINEAR)
_MASK = random_bits_mask(RANDOM_BITS)
MOST = 1024  # coordinates: three vectors of a thread lie in its local memory


def local_bytes(d: int) -> int:
    """Bytes that the driver keeps for the vectors of all threads that the device can hold at once; 0 in the simulator."""
    device = cuda.get_current_device()
    threads = getattr(device, "MULTIPROCESSOR_COUNT", 0) * getattr(device, "MAX_THREADS_PER_MULTIPROCESSOR", 0)
    return int(3 * 8 * d * threads)


@cache
def walker(loss: Scalar, gradient: Scalar, rounding: str | None, d: int) -> Scalar:
    """Kernel (problem, walk, trace, with_loss, span): as :func:`alpt_ref.kernels.cpu.replicas.walker`, in ``d`` coordinates."""
    move = shift if rounding is None else mover(FLOAT64, rounding)

    @kernel
    def walk_range(problem, walk, trace, with_loss, span):
        start, stop, first, last = span
        w, g, q = cuda.local.array(d, float64), cuda.local.array(d, float64), cuda.local.array(d, float64)
        checkpoints = trace.checkpoints
        for r in range(first + cuda.grid(1), last, cuda.gridsize(1)):
            replica = trace.first + r
            for j in range(d):
                q[j] = trace.codes[r, j]
            check = 0
            while check < checkpoints.size and checkpoints[check] < start:
                check += 1
            for t in range(start, stop + 1):
                for j in range(d):
                    w[j] = times(walk.delta, q[j])
                if check < checkpoints.size and checkpoints[check] == t:
                    trace.losses[r, check] = loss(problem, w, g)
                    check += 1
                if t == stop:
                    break
                trace.regret[r] += gradient(problem, w, replica, t, walk.seed, with_loss, g)
                scale = -learning_rate(walk.eta, walk.decays, t + 1) / walk.delta
                outside, moved = int64(0), int64(0)
                for j in range(d):
                    word = word_at(replica * d + j, uint64(t), _LINEAR, walk.seed) if walk.draws else uint64(0)
                    step = times(scale, g[j])
                    after = move(q[j], step, float64(centred_uniform(word, _MASK)), walk.lo, walk.hi)
                    out, other = outcome(q[j], step, after, walk.lo, walk.hi)
                    outside += out
                    moved += other
                    q[j] = after
                trace.clipped[r] += outside
                if moved > 0:
                    trace.last_move[r] = t + 1
            for j in range(d):
                trace.codes[r, j] = q[j]

    return walk_range
