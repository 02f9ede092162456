"""Loops for a GPU against those for a CPU, bit for bit: on a GPU where there is one, else in Numba's simulator.

pytest -m gpu                                                on a GPU
NUMBA_DISABLE_JIT=1 NUMBA_ENABLE_CUDASIM=1 pytest -m gpu     in the simulator
"""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from alpt_ref import FactorizationMachine, Grid, dequantize, quantize
from alpt_ref.data.examples import as_rows
from alpt_ref.formats import format_of
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.scalars.floats import FORMAT_ROUNDINGS
from alpt_ref.scalars.packing import pack, unpack
from alpt_ref.theory.instances import small_logistic
from alpt_ref.tools.devices import missing
from alpt_ref.training.state import initial_state
from alpt_ref.training.step import BatchStepper
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk
from tests.formats import hard

if missing():
    pytest.skip(missing(), allow_module_level=True)

from numba import cuda

from alpt_ref.kernels.cuda import codes as code_loops
from alpt_ref.kernels.cuda import launch as launching
from alpt_ref.kernels.cuda import memory
from alpt_ref.kernels.cuda.sort import sort_pairs
from alpt_ref.kernels.cuda.workspace import Workspace
from alpt_ref.training.cuda import memory as training_memory
from alpt_ref.training.cuda.step import CudaStepper

pytestmark = pytest.mark.gpu
MANY = 1 if launching.SIMULATED else 100  # times as much on a GPU


METHODS = [
    {"k": 3},
    {"k": 0},
    {"k": 2, "optimizer": "adam", "update": "touched", "l2": 0.01},
    {"k": 3, "precision": "lpt", "bits": 4, "l2": 0.1},
    {"k": 5, "precision": "lpt", "bits": 2, "optimizer": "adagrad"},
    {"k": 0, "precision": "lpt", "bits": 8, "rounding": "nearest"},
    {"k": 3, "precision": "lpt", "bits": 4, "update": "dense", "l2": 0.1, "optimizer": "adam"},
    {"k": 3, "precision": "alpt", "bits": 8, "step_lr": 0.1},
    {"k": 2, "precision": "alpt", "bits": 4, "optimizer": "adam", "step_lr": 0.1, "step": ("row", "table")},
    {"k": 3, "precision": "alpt", "bits": 4, "update": "dense", "l2": 0.01, "optimizer": "adam", "step_lr": 0.1},
    {"k": 3, "precision": "alpt", "quantize": "factors", "step_lr": 0.1},
    {"k": 3, "precision": "lsq", "step_lr": 0.1},
    {"k": 2, "precision": "pact", "step_lr": 0.1, "optimizer": "adam"},
    {"k": 2, "precision": "lpt", "fit_linear": False, "bits": 16},
    {"k": 2, "precision": "lpt", "bits": 8, "optimizer": "ftrl", "l1": 0.02, "update": "dense"},
    {"k": 2, "precision": "alpt", "bits": 4, "optimizer": "momentum", "update": "dense", "step_lr": 0.1, "step_offset": 0.01},
    {
        "k": 2,
        "precision": "alpt",
        "bits": 2,
        "optimizer": "ftrl",
        "step_optimizer": "momentum",
        "step_lr": 0.1,
        "ends": "inside",
    },
    {"k": 2, "precision": "lsq", "bits": 2, "optimizer": "ftrl", "step_optimizer": "adagrad", "ends": "inside", "step_lr": 0.1},
    {"k": 2, "precision": "pact", "bits": 2, "optimizer": "momentum", "ends": "inside", "step_lr": 0.1},
]


def clicks(n=24 * MANY, d=9 * MANY):
    rng = np.random.default_rng(0)
    X = sp.random(n, d, 0.4, random_state=1, format="csr")
    X.data = rng.normal(size=X.nnz)
    return X, rng.integers(0, 2, n)


def examples():
    X, y = clicks()
    rows, n_features = as_rows(X)
    return rows, y.astype(np.float32), n_features


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_steps_have_the_bits_of_the_cpu(method):
    rows, y, n_features = examples()
    config = FactorizationMachine(lr=0.3, init_std=0.3, batch_size=8 * MANY, **method).config()
    ours, theirs = initial_state(config, n_features), initial_state(config, n_features)
    on_cpu, on_gpu = BatchStepper(config, rows, y, n_features), CudaStepper(config, rows, y, n_features)
    on_gpu.begin(theirs)
    held = on_gpu.placed.nbytes
    assert abs(held["codes"] + held["steps"] - training_memory.table_bytes(config, n_features)) < 32, "but for rounding up"
    for start in range(0, y.size, 8 * MANY):
        on_cpu(ours, np.arange(start, start + 8 * MANY))
        on_gpu(theirs, np.arange(start, start + 8 * MANY))
    on_gpu.end(theirs)
    for part in ("linear", "factors"):
        for name, array in ours.table(part).to_arrays().items():
            assert np.array_equal(array, theirs.table(part).to_arrays()[name]), (part, name)
    for name, optimizer in ours.optimizers.items():
        assert np.array_equal(optimizer.moments, theirs.optimizers[name].moments), name
    assert ours.bias == theirs.bias


@pytest.mark.parametrize(
    "method", [{"k": 3, "precision": "alpt", "bits": 4}, {"k": 2, "precision": "lpt", "batch_size": 1}], ids=str
)
def test_estimators(method):
    X, y = clicks()
    arguments = {"epochs": 2, "batch_size": 16 * MANY, "lr": 0.2} | method
    ours = FactorizationMachine(**arguments).fit(X, y, eval_set=(X, y))
    theirs = FactorizationMachine(**arguments, device="cuda").fit(X, y, eval_set=(X, y))
    assert ours.best_epoch_ == theirs.best_epoch_
    assert np.array_equal(ours.decision_function(X), theirs.decision_function(X))


@pytest.mark.parametrize("bits", [2, 3, 4, 8, 9, 16])
@pytest.mark.parametrize("rounding", ["nearest", "stochastic", "toward_zero", "floor"])
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_codes_are_those_of_the_cpu(bits, rounding, real):
    rng = np.random.default_rng(bits)
    for shape, delta in (((13,), 0.1), ((4, 5), [0.1, 0.2, 0.3, 0.05]), ((), 0.1), ((0,), 0.1)):
        grid, x = Grid(bits, delta), np.asarray(rng.normal(size=shape) * 0.1 * 2 ** (bits - 1), real)
        for offset in (0, 3) if rounding == "stochastic" else (0,):
            how = {"seed": 7, "step": 2, "offset": offset} if rounding == "stochastic" else {}
            codes = quantize(x, grid, rounding, **how)
            assert np.array_equal(quantize(x, grid, rounding, device="cuda", **how), codes)
            if x.size and x.ndim:
                there = quantize(cuda.to_device(x), grid, rounding, **how)
                assert np.array_equal(there.copy_to_host(), codes)
                assert np.array_equal(dequantize(there, grid).copy_to_host(), dequantize(codes, grid))


@pytest.mark.parametrize("rounding", FORMAT_ROUNDINGS)
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_codes_of_formats_are_those_of_the_cpu(rounding, real):
    """At points, midpoints, next to both, tiny, huge and special numbers."""
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2fnuz"):
        kind = format_of(name)
        x = np.concatenate([hard(kind, real, ordinals=3)[:: 1 if MANY > 1 else 9], np.array([np.nan, np.inf, -np.inf], real)])
        for how in (
            (
                {"seed": 7, "step": 2},
                {"seed": 7, "offset": 3, "random_bits": 5},
                {"u": np.random.default_rng(1).random(x.shape)},
            )
            if rounding == "stochastic"
            else ({},)
        ):
            codes = quantize(x, kind, rounding, **how)
            assert np.array_equal(quantize(x, kind, rounding, device="cuda", **how), codes)
            there = quantize(cuda.to_device(x), kind, rounding, **how)
            assert np.array_equal(there.copy_to_host(), codes)
            assert np.array_equal(dequantize(there, kind).copy_to_host(), dequantize(codes, kind), equal_nan=True)
    assert quantize(cuda.to_device(x[:0]), kind).shape == (0,)
    assert quantize(real(0.3), kind, device="cuda").shape == ()


def test_what_is_refused_of_formats_on_a_gpu():
    x, kind = cuda.to_device(np.array([[1.0, np.nan]], np.float32)), format_of("float4_e2m1fn")
    for call, said in (
        (lambda: quantize(x, kind), r"x\[0, 1\] is NaN, which float4_e2m1fn does not have"),
        (lambda: quantize(x, format_of("bfloat16"), device="cpu"), "device must be cuda: x lies on a GPU"),
        (lambda: quantize(x, format_of("bfloat16"), out=cuda.to_device(np.zeros((1, 2), np.int16))), "dtype uint16"),
        (lambda: dequantize(cuda.to_device(np.array([3, 16], np.uint8)), kind), r"codes\[1\] must be in \[0, 15\], got 16"),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_what_is_refused_of_arrays_on_a_gpu():
    x, grid = cuda.to_device(np.array([[1.0, np.nan]], np.float32)), Grid(4, 0.1)
    good = cuda.to_device(np.ones(3, np.float32))
    for call, said in (
        (lambda: quantize(x, grid), r"x\[0, 1\] is not finite"),
        (lambda: quantize(good, grid, device="cpu"), "device must be cuda: x lies on a GPU"),
        (lambda: quantize(good, grid, out=np.zeros(3, np.int8)), "out must lie on the GPU"),
        (
            lambda: quantize(good, grid, "stochastic", u=cuda.to_device(np.ones(3, np.float32))),
            r"u\[0\] must be in \[0, 1\), got 1",
        ),
        (lambda: dequantize(cuda.to_device(np.array([3, 9], np.int8)), grid), r"codes\[1\] must be in \[-8, 7\], got 9"),
        (lambda: quantize(cuda.to_device(np.ones(3, np.int32)), grid), "x must be float32 or float64, got int32"),
        (lambda: quantize(good, grid, "stochastic", u=np.zeros(2)), r"u must have the shape of x, \(3,\), got \(2,\)"),
        (
            lambda: quantize(good, grid, out=cuda.to_device(np.zeros(3, np.int16))),
            r"out must be an array of dtype int8 and shape \(3,\)",
        ),
        (
            lambda: quantize(good, grid, out=cuda.to_device(np.zeros(4, np.int8))),
            r"out must be an array of dtype int8 and shape \(3,\)",
        ),
        (lambda: dequantize(good, grid), "codes must be integers, got float32"),
        (lambda: dequantize(cuda.to_device(np.ones((2, 2), np.int8).T), grid), "codes must be C-contiguous on a GPU"),
    ):
        with pytest.raises(ValueError, match=said):
            call()


@pytest.mark.parametrize("per_row", [False, True])
def test_quantize_writes_where_it_is_asked_to(per_row):
    x, grid = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32), Grid(4, [0.1, 0.2, 0.3] if per_row else 0.1)
    out = cuda.to_device(np.zeros(x.shape, np.int8))
    for how in ({"seed": 1}, {"u": np.random.default_rng(1).random(x.shape)}, {"seed": 1, "offset": 3}):
        assert quantize(cuda.to_device(x), grid, "stochastic", out=out, **how) is out
        assert np.array_equal(out.copy_to_host(), quantize(x, grid, "stochastic", **how))
    assert quantize(cuda.to_device(x[:0]), Grid(4, 0.1)).shape == (0, 5)


@pytest.mark.parametrize("width", [2, 4, 8, 16])
@pytest.mark.parametrize("n", [1, 7, 33])
def test_packing(width, n):
    codes = (
        np.random.default_rng(n).integers(-(2 ** (width - 1)), 2 ** (width - 1), n).astype(np.int8 if width < 16 else np.int16)
    )
    words, out = cuda.to_device(np.zeros(-(-n * width // 32), np.uint32)), cuda.to_device(np.zeros_like(codes))
    launching.launch(code_loops.pack, words.size, cuda.to_device(codes), width, words)
    packed = pack(codes, width)
    assert np.array_equal(words.copy_to_host().view(packed.dtype)[: packed.size], packed)
    launching.launch(code_loops.unpack, n, words, width, out)
    assert np.array_equal(out.copy_to_host(), unpack(packed, n, width))


@pytest.mark.parametrize(("n", "n_keys"), [(1, 1), (5, 3), (200, 17), (90, 100_000), (60, 1), (700, 50)])
def test_sorting_is_stable(n, n_keys):
    keys = np.random.default_rng(n).integers(0, n_keys, n).astype(np.int32)
    found, order = sort_pairs(cuda.to_device(keys), n_keys - 1, Workspace())
    expected = np.argsort(keys, kind="stable")
    assert np.array_equal(order.copy_to_host(), expected)
    assert np.array_equal(found.copy_to_host(), keys[expected])


@pytest.mark.parametrize("mode", ["batch", "example", "absolute"])
@pytest.mark.parametrize("rule", ["stochastic", "nearest"])
@pytest.mark.parametrize("grid", [Grid(6, 2.0**-4), None], ids=["grid", "float"])
def test_replicas_have_the_bits_of_the_cpu(mode, rule, grid):
    problem = AbsoluteSum(np.array([1.0, 0.5, 2.0]), np.array([0.1, 0.2, -0.3])) if mode == "absolute" else small_logistic()
    walk = Walk(problem, grid, rule, Schedule(0.1, "sqrt"), 6, mode="batch" if mode == "absolute" else mode)
    for ours, theirs in zip(walk.sampled(2, 7), replace(walk, device="cuda").sampled(2, 7), strict=True):
        assert np.array_equal(ours, theirs)


def test_what_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(training_memory, "free_bytes", lambda: 1000.0)
    with pytest.raises(
        MemoryError, match=rf"training of {9 * MANY} features with 8 factors would take .* GiB of the GPU's memory"
    ):
        FactorizationMachine(device="cuda").fit(*clicks())


@pytest.mark.parametrize("what", ["training", "scoring", "quantizing", "walking with 3 replicas"])
def test_a_driver_without_memory_is_a_sentence(what, monkeypatch):
    X, y = clicks()
    model = FactorizationMachine(device="cuda", k=2, epochs=1)
    walk = Walk(small_logistic(), None, "nearest", Schedule(0.1), 3, device="cuda")
    if what == "scoring":
        model.fit(X, y)
    monkeypatch.setattr(memory, "free_bytes", lambda: 2.0**30)

    def refuse(*arguments, **options):
        raise RuntimeError("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY")

    monkeypatch.setattr(cuda, "to_device", refuse)
    monkeypatch.setattr(cuda, "device_array", refuse)
    calls = {
        "training": lambda: model.fit(X, y),
        "scoring": lambda: model.predict(X),
        "quantizing": lambda: quantize(np.ones(3), Grid(4, 0.1), device="cuda"),
        "walking with 3 replicas": lambda: walk.sampled(0, 3),
    }
    with pytest.raises(MemoryError, match=rf"^{what} takes .* GiB of the GPU's memory, 1 GiB are free$"):
        calls[what]()


@pytest.mark.skipif(not launching.SIMULATED, reason="about the simulator")
def test_threads_that_ask_at_once_share_an_array(monkeypatch):
    from numba.cuda.simulator.kernelapi import FakeCUDAShared

    empty, shared, got = np.empty, FakeCUDAShared(0), []
    monkeypatch.setattr(np, "empty", lambda *arguments: time.sleep(0.01) or empty(*arguments))  # all have asked meanwhile
    threads = [threading.Thread(target=lambda: got.append(shared.array(3, np.int32))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(map(id, got))) == 1


@pytest.mark.parametrize("precision", ["fp32", "lpt", "alpt", "lsq", "pact"])
@pytest.mark.parametrize("update", ["touched", "dense"])
def test_rows_without_entries(precision, update):
    """Batches that touch nothing: no loop may be launched on nothing, nor read a row that is not there."""
    X = sp.csr_matrix(np.diag([1.0, 0.0, 2.0, 0.0]))
    kinds = [(("row", "row"), "sgd"), (("table", "table"), "momentum")]
    for steps, optimizer in kinds + [(("table", "table"), "ftrl")] * (update == "dense" and precision in ("lpt", "alpt")):
        learned = precision in ("alpt", "lsq") or (precision == "pact" and steps[0] == "table")
        some = {"step": steps, "step_lr": 0.1, "step_optimizer": "sgd"} if learned else {}
        some |= {"optimizer": optimizer, "l2": 0.5, "bits": 8} | ({"l1": 0.01} if optimizer == "ftrl" else {})
        arguments = {"k": 2, "precision": precision, "update": update, "batch_size": 1, "epochs": 2, "lr": 0.1, "init_std": 0.5}
        models = [FactorizationMachine(**arguments, **some, device=device).fit(X, [0, 1, 1, 0]) for device in ("cpu", "cuda")]
        assert np.array_equal(*(model.decision_function(X) for model in models))
    nothing = sp.csr_matrix((4, 5))
    models = [FactorizationMachine(k=2, epochs=1, device=device).fit(nothing, [0, 1, 1, 0]) for device in ("cpu", "cuda")]
    assert np.array_equal(*(model.decision_function(nothing) for model in models))


def test_walks_that_record_nothing():
    walk = Walk(small_logistic(), Grid(6, 2.0**-4), "stochastic", Schedule(0.1), 6, mode="example")
    ours, theirs = walk.trace(5), walk.trace(5)
    walk.advance(ours, 0, 6)
    replace(walk, device="cuda").advance(theirs, 0, 6)
    assert np.array_equal(ours.codes, theirs.codes)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the simulator's threads
def test_moves_that_are_no_numbers_end_at_the_same_codes():
    """Gradients overflow, and their sums are NaN: a GPU's max and min take another of two numbers then."""
    X = np.array([[1e25, 1e16], [1e25, 1e16], [0.0, 1.0]])
    arguments = {"k": 1, "precision": "lpt", "bits": 2, "rounding": "nearest", "delta": (1.0, 0.5), "batch_size": 3}
    more = {"epochs": 1, "init_std": 0.3, "seed": 2}
    models = [FactorizationMachine(**arguments, **more, device=device).fit(X, [0, 1, 1]) for device in ("cpu", "cuda")]
    assert np.array_equal(*(model.state_.factors.to_arrays()["codes"] for model in models))


def test_memory_is_given_back_between_epochs():
    rows, y, n_features = examples()
    stepper = CudaStepper(FactorizationMachine(batch_size=8 * MANY).config(), rows, y, n_features)
    state = initial_state(stepper.config, n_features)
    for _ in range(2):
        stepper.begin(state)
        stepper(state, np.arange(8))
        stepper.end(state)
        assert not hasattr(stepper, "placed")


def test_a_full_batch_takes_the_memory_of_its_examples():
    rows, _, n_features = examples()
    sizes = [FactorizationMachine(k=16, batch_size=size).config() for size in (rows.indptr.size - 1, 2**31 - 1)]
    assert len({training_memory.needed(config, n_features, rows) for config in sizes}) == 1


def test_outputs_that_may_not_be_written():
    class Locked:
        """A device array whose owner lets nobody write, as JAX's."""

        def __init__(self, array):
            self.array = array
            self.__cuda_array_interface__ = (getattr(array, "__cuda_array_interface__", None) or array.__array_interface__) | {
                "data": (memory.address(array), True)
            }

    x = cuda.to_device(np.ones(3, np.float32))
    with pytest.raises(ValueError, match="u has masked values"):
        quantize(x, Grid(4, 0.1), "stochastic", u=np.ma.masked_array(np.zeros(3), [True, False, False]))
    if not launching.SIMULATED:  # which knows no foreign arrays
        with pytest.raises(ValueError, match="out must be writable"):
            quantize(x, Grid(4, 0.1), out=Locked(cuda.to_device(np.zeros(3, np.int8))))


def kind_of(value):
    """The type that Numba compiles a loop for, of an argument, in short."""
    if isinstance(value, tuple):
        return type(value).__name__, *map(kind_of, value)
    if hasattr(value, "ndim") and hasattr(value, "dtype") and not isinstance(value, np.generic):
        return f"{value.dtype}[{value.ndim}]"
    return {int: "int64", float: "float64", bool: "bool"}.get(type(value)) or str(np.dtype(type(value)))


@pytest.mark.skipif(not launching.SIMULATED, reason="about the simulator")
def test_loops_are_launched_with_arguments_of_the_catalogue(monkeypatch):
    """So that what test_ptx compiles is what runs."""
    from analysis.gpu_catalogue import cases

    def name(kernel):
        return f"{kernel.fn.__module__}.{kernel.fn.__qualname__}"

    known, launched = {(name(case.kernel), *map(kind_of, case.arguments)) for case in cases()}, set()

    class SetUp:
        @staticmethod
        def __wrapped__(function, blocks):
            def run(*arguments):
                launched.add((name(function), *map(kind_of, arguments)))
                function[blocks, launching.THREADS](*arguments)

            return run

    monkeypatch.setattr(launching, "_set_up", SetUp)
    for method in METHODS:
        test_steps_have_the_bits_of_the_cpu(method)
    for bits in (4, 16):
        for rounding in ("nearest", "stochastic"):
            for real in (np.float32, np.float64):
                test_codes_are_those_of_the_cpu(bits, rounding, real)
    test_quantize_writes_where_it_is_asked_to(True)
    for mode in ("batch", "example", "absolute"):
        for grid in (Grid(6, 2.0**-4), None):
            test_replicas_have_the_bits_of_the_cpu(mode, "stochastic", grid)
    for width in (2, 16):
        test_packing(width, 7)
    X, y = clicks()
    FactorizationMachine(k=2, precision="alpt", bits=4, epochs=1, device="cuda").fit(X, y).predict(X)
    assert len(launched) > 60
    assert launched - known == set()
