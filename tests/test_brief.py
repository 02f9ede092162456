"""Reprs are short: a line for every public object, however large its arrays."""

import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from alpt_ref import FactorizationMachine, Grid, LogisticRegression, Problem, Stream, format_of, trace
from alpt_ref.data import FieldRange, Source, fit_read, make_ctr
from alpt_ref.data.examples import Labelled, as_rows
from alpt_ref.formats.blocks import MXFP4
from alpt_ref.intervals import Estimate
from alpt_ref.problems import gaussian_logistic
from alpt_ref.problems.finite import absolute
from alpt_ref.testing import NumpyQuantizer, OnDevice, check_quantizer
from alpt_ref.theory import Check, Measured, Setting, Window, all_claims, exact_law, random_bits, stationary_law
from alpt_ref.tools.brief import brief
from tests.test_models import clicks

pytestmark = pytest.mark.edge
SHORT = 500  # characters


@pytest.fixture
def api(monkeypatch):
    """The modules of the public API, as the site lists them."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "website"))
    import api

    return api


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float32(0.1), "0.1"),
        (np.array(2.5), "2.5"),
        (np.arange(3), "[0, 1, 2]"),
        (np.zeros((2, 2), np.int8), "<int8 (2, 2)>"),
        (np.zeros(5), "<float64 (5,)>"),
        (sp.csr_array(np.eye(3)), "<sparse float64 (3, 3), 3 entries>"),
        ((1, np.zeros(9)), "(1, <float64 (9,)>)"),
        ((1,), "(1,)"),
        ([1, "a"], "[1, 'a']"),
        (list(range(9)), "<list of 9>"),
        ({"a": np.zeros(9)}, "{'a': <float64 (9,)>}"),
        (dict.fromkeys(range(9)), "<dict of 9>"),
        (len, "len"),
        (lambda x: x, "<lambda>"),
        ("x" * 99, f"'{'x' * 56}..."),
        (None, "None"),
    ],
)
def test_brief(value, shown):
    assert brief(value) == shown


def test_models():
    """The call that makes them, with what differs from the defaults; an array by its shape."""
    assert repr(LogisticRegression()) == "LogisticRegression()"
    assert repr(FactorizationMachine(16, precision="lpt", seed=3)) == "FactorizationMachine(k=16, precision='lpt', seed=3)"
    assert repr(LogisticRegression(lr=0.1, bits=8)) == "LogisticRegression()"
    assert (
        repr(LogisticRegression(lr=np.float32(0.5), step=("row", "row"))) == "LogisticRegression(lr=0.5, step=('row', 'row'))"
    )
    model = FactorizationMachine(3, delta=(np.full(12, 0.1), 0.05))
    assert repr(model) == "FactorizationMachine(k=3, delta=(<float64 (12,)>, 0.05))"


def made(tmp_path):
    """Objects of the public classes, with more numbers than a screen holds."""
    dataset, teacher = make_ctr(300, n_fields=3, n_values=99)
    (tmp_path / "t.csv").write_text("label,a\n" + "".join(f"{i % 2},v{i}\n" for i in range(300)))
    _, feature_map = fit_read(tmp_path / "t.csv", Source("csv"))
    yield from (dataset, teacher, feature_map, feature_map.source, feature_map.fields[0])
    grid, problem = Grid(8, 0.01), gaussian_logistic(n=400, d=30, l2=0.1, seed=1)
    yield from (grid, Grid(8, np.full(99, 0.1)), problem, problem.solution, problem.gradient_bounds(grid, "example"))
    yield Problem(lambda w, x: float((w - x) @ (w - x)), lambda w, x: 2 * (w - x), examples=np.ones((200, 1)))
    one = absolute(0.3, 0.1)
    yield from (one, exact_law(one, grid, eta=0.1, steps=40), stationary_law(one, grid, eta=0.1))
    yield trace(one, grid, eta=0.1, steps=50)
    X, y = clicks()
    for precision in ("fp32", "lpt", "alpt", "lsq"):
        model = FactorizationMachine(5, precision=precision, optimizer="adam", epochs=1).fit(X, y)
        yield from (model, model.state_, model.state_.factors, model.state_.linear, model.state_.optimizers["factors"])
    yield from (model, LogisticRegression(), model.config(), Labelled(as_rows(X)[0], y.astype(np.float32)))
    yield random_bits(8)
    claim = all_claims()[0]
    instance = claim.instances(Setting())[0]
    yield from (claim, instance, instance.params, Setting(), Estimate(0.0, 1.0), Check("a", 1.0, "<=", 2.0))
    quantizer = NumpyQuantizer(lambda x, bits, delta: np.rint(x / delta))
    yield from (check_quantizer(quantizer, "dtype-and-shape", level="quick"), quantizer, Stream.DATA)
    yield from (format_of("bfloat16"), Window("bfloat16", 0.5, 2.0), MXFP4, OnDevice(quantizer, to=np.asarray))
    yield from (Measured(0.5), FieldRange("user", 0, tuple(range(999))))


def test_public_objects(tmp_path, api):
    """Each is a line; and no public class has been forgotten."""
    seen = set()
    for value in made(tmp_path):
        shown = repr(value)
        assert len(shown) <= SHORT, shown
        assert shown.count("\n") == 0, shown
        seen |= {kind.__name__ for kind in type(value).__mro__}
    public = {
        name
        for module in api.MODULES
        if module != "alpt_ref.reference"  # tuples of one page without imports: arrays are printed as NumPy prints them
        for name in api.names(module)
        if inspect.isclass(getattr(importlib.import_module(module), name))
    }
    assert public - seen - {"DataError", "DataWarning", "Quantizer"} == set()
