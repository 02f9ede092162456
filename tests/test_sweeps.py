"""A dry run lists cells and writes nothing; ``alpt-ref results`` makes a table of them; a bar says that loops are compiled."""

import io
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numba.core.compiler_lock import global_compiler_lock
from rich.console import Console

from alpt_ref.cli import executors as cli_executors
from alpt_ref.cli.report import progress as epochs
from alpt_ref.scalars.jit import compiling
from alpt_ref.studies import click_data, progress
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.executors import Listed, Listing
from alpt_ref.studies.export import columns_of, rows_of
from alpt_ref.studies.store import Store, seconds_of
from analysis import calibration
from tests.cli_support import error_of, run
from tests.executors import slow

pytestmark = pytest.mark.glue
DOCS = Path(__file__).parents[1] / "docs"
QUICK = ("compare", "--quick", "--epochs", 1, "--methods", "lpt-sr,ptq", "--bits", "2", "--seeds", 1)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder of a small comparison."""
    out = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(click_data, "QUICK_ROWS", 120)
        assert run(*QUICK, "--out", out) == 0
    return out


def state_of(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


def test_a_dry_run_lists_the_first_wave_and_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(click_data, "QUICK_ROWS", 120)
    assert run(*QUICK, "--out", tmp_path / "o", "--dry-run") == 0
    *cells, said = capsys.readouterr().out.splitlines()
    assert cells == [
        "missing  compare synthetic fm lpt-sr 2 bits seed 0",
        "missing  compare synthetic fm fp32 seed 0",
    ]
    assert said == (
        "2 cells, 2 missing: no cell of their kind was timed here, so nothing is known of the time. "
        "Cells of steps that follow, if any, are not listed."
    )
    assert not (tmp_path / "o").exists()


def test_a_dry_run_goes_on_to_the_wave_that_is_missing(compared, capsys, monkeypatch):
    monkeypatch.setattr(click_data, "QUICK_ROWS", 120)
    capsys.readouterr()
    assert run(*QUICK, "--out", compared, "--dry-run") == 0
    *cells, said = capsys.readouterr().out.splitlines()
    assert said == "4 cells, 0 missing."
    assert {line.split()[0] for line in cells} == {"found"}
    (path,) = filter(seed_1, (compared / "cells").iterdir())
    content = path.read_bytes()
    path.unlink()
    before = state_of(compared)
    assert run(*QUICK, "--out", compared, "--dry-run") == 0
    *cells, said = capsys.readouterr().out.splitlines()
    assert cells[-2:] == [
        "missing  compare synthetic fm lpt-sr 2 bits seed 1",
        "found    compare synthetic fm ptq 2 bits seed 1",
    ]
    assert re.fullmatch(r"4 cells, 1 missing: about 0:\d\d of one process, as long as .* on average\. Cells of .*", said)
    assert state_of(compared) == before
    path.write_bytes(content)


def seed_1(path):
    params = json.loads(json.loads(str(np.load(path)["meta"]))["spec"])["params"]
    return (params["method"], params["seed"]) == ("lpt-sr", 1)


def test_dry_runs_of_the_other_commands(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments, kinds in (
        (("convergence", "--quick"), {"walk", "descent"}),
        (("verify", "Q6", "L1"), {"verdict"}),
        (("check-quantizer", "alpt_ref.testing.ours:Nearest", "grid-points-fixed"), {"property"}),
    ):
        assert run(*arguments, "--dry-run") == 0
        *cells, said = capsys.readouterr().out.splitlines()
        assert {line.split()[1] for line in cells} == kinds
        assert said.startswith(f"{len(cells)} cell")
        assert not list(tmp_path.iterdir())
    assert calibration.main(["--quick", "--dry-run", "--out", str(tmp_path / "o")]) == 0
    cells = capsys.readouterr().out.splitlines()[:-1]
    assert {line.split()[1] for line in cells} == {f"calibration-{kind}" for kind in ("law", "decay", "walk", "fit")}
    assert not list(tmp_path.iterdir())


def test_an_estimate_says_what_it_does_not_know(tmp_path):
    (tmp_path / "seconds.jsonl").write_text(
        "".join(json.dumps({"id": str(i), "kind": "a", "seconds": s}) + "\n" for i, s in enumerate((50, 70)))
    )
    cells = [
        (Cell(RunSpec(kind, {"n": n}), slow, (n,)), found)
        for n, (kind, found) in enumerate([("a", False)] * 2 + [("b", False)])
    ]
    said = list(cli_executors.listed([*cells, (cells[0][0], True)], tmp_path))[-1]
    assert said.startswith(
        "4 cells, 3 missing: about 2:00 of one process, as long as others of their kind took on average, and 1 of"
    )


def test_an_estimate_knows_the_seconds_of_click_models_of_verify(tmp_path):
    """Which lie in a folder of their own, by the version of the code."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "seconds.jsonl").write_text(json.dumps({"id": "0", "kind": "a", "seconds": 60}) + "\n")
    said = list(cli_executors.listed([(Cell(RunSpec("a"), slow), False)], tmp_path))[-1]
    assert said.startswith("1 cell, 1 missing: about 1:00 of one process")


def test_a_dry_run_counts_a_cell_once(tmp_path):
    """Which two steps ask for, as tuning and what follows it do."""
    keep(tmp_path, "a", {"n": 1}, {"v": np.zeros(1)})
    cells = [Cell(RunSpec("a", {"n": n}), slow) for n in (1, 2)]
    store = Store(tmp_path, Listing())
    with store.wave(cells[:1]), pytest.raises(Listed), store.wave(cells):
        pass
    assert [there for _, there in store.executor.cells] == [True, False]


def test_every_line_of_a_dry_run_says_which_cell_it_is():
    params = [{"seed": 0}, {"seed": 1, "eta": 0.1, "f": {"k": 2}}, {"seed": 1, "eta": 0.2, "f": {"k": 2}}, {"seed": 1, "f": {}}]
    cells = [(Cell(RunSpec("a", each), slow), False) for each in params]
    lines = list(cli_executors.listed(cells, None))[:-1]
    assert lines == [
        f"missing  {words}" for words in ("a seed 0", "a seed 1 eta=0.1 f_k=2", "a seed 1 eta=0.2 f_k=2", "a seed 1")
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--executor", "dask", "--scheduler", ""), "--scheduler must be an address, as tcp://head:8786, got ''"),
        (("--workers", 2), "--workers needs --executor dask"),
        (("--scheduler", "tcp://a:1"), "--scheduler needs --executor dask"),
        (("--executor", "dask", "--workers", 2, "--scheduler", "a"), "--workers: not allowed with --scheduler, whose"),
        (("--executor", "dask", "--workers", 0), "--workers: must be a positive integer, got 0"),
        (("--executor", "spark"), "--executor: invalid choice: 'spark'"),
    ],
)
def test_refusals(capsys, tmp_path, options, sentence):
    assert error_of(capsys, "verify", "Q6", "--out", tmp_path / "o", *options).startswith(sentence)
    assert not (tmp_path / "o").exists()


def test_a_rule_of_ones_own_stays_in_this_process(capsys, tmp_path):
    rule = ("verify", "L1(b)", "--rule", "alpt_ref.walks.rule:STOCHASTIC", "--out", tmp_path / "o", "--executor", "dask")
    assert error_of(capsys, *rule).startswith("--executor dask: rows of --rule or --claim are computed in this process")


# The table of all cells


def test_the_table_is_read_by_pandas_polars_and_duckdb(compared, tmp_path, capsys):
    path = tmp_path / "cells.parquet"
    capsys.readouterr()
    assert run("results", compared, "--out", path) == 0
    assert capsys.readouterr().out.split() == ["written", f"{path},", "4", "rows"]
    pandas, polars, duckdb = map(pytest.importorskip, ("pandas", "polars", "duckdb"))
    rows = rows_of(compared)
    tuned = next(row for row in rows if (row["param_method"], row["param_seed"]) == ("lpt-sr", 0))
    frame = pandas.read_parquet(path).set_index("id")
    assert list(frame.columns[:2]) == ["kind", "version"]
    assert frame.columns[-1] == "seconds"
    assert frame.loc[tuned["id"], "param_choice_range"] == tuned["param_choice_range"] == 1.0
    assert list(frame.loc[tuned["id"], "result_test"]) == tuned["result_test"]
    assert (frame["seconds"] > 0).all()
    table = polars.read_parquet(path)
    assert table.schema["param_bits"] == polars.Int64
    assert table.schema["param_choice_lr"] == polars.Float64
    assert table.schema["result_bytes"] == polars.List(polars.Float64)
    assert table.schema["result_dead"] == polars.List(polars.Int64)
    assert table.schema["result_deltas"] == polars.List(polars.List(polars.Float64))
    assert table.filter(polars.col("id") == tuned["id"])["result_test"].to_list() == [tuned["result_test"]]
    query = f"select param_method, count(*), avg(result_test[1]) from '{path}' group by 1 order by 1"
    found = duckdb.sql(query).fetchall()
    assert [row[:2] for row in found] == [("fp32", 1), ("lpt-sr", 2), ("ptq", 1)]
    assert run("results", compared, "--out", tmp_path / "again.parquet") == 0
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


def keep(folder, kind, params, arrays):
    cell = Cell(RunSpec(kind, params), lambda: arrays)
    with Store(folder).wave([cell]) as found:
        found(cell)
    return cell.spec.id


def test_columns_have_one_type_each(tmp_path):
    keep(
        tmp_path, "a", {"x": 1, "y": {"z": 0.5}, "l": [1, 2], "mixed": "s", "flag": True}, {"v": np.arange(3), "s": np.array(2)}
    )
    keep(tmp_path / "deep", "b", {"x": 0.5, "l": 3, "mixed": 1, "seed": 2**63}, {"v": np.zeros((2, 2)), "big": np.zeros(65)})
    columns = columns_of(rows_of(tmp_path))
    names = ["param_flag", "param_l", "param_mixed", "param_seed", "param_x", "param_y_z", "result_s", "result_v"]
    assert list(columns) == ["id", "kind", "version", *names, "seconds"]
    shown = {name: columns[name] for name in names}
    assert shown == {
        "param_flag": [True, None],
        "param_l": [[1, 2], [3]],
        "param_mixed": ['"s"', "1"],
        "param_seed": [None, "9223372036854775808"],
        "param_x": [1.0, 0.5],
        "param_y_z": [0.5, None],
        "result_s": [2, None],
        "result_v": ["[0, 1, 2]", "[[0.0, 0.0], [0.0, 0.0]]"],
    }
    assert [type(value) for value in columns["param_x"]] == [float, float]
    assert run("results", tmp_path, "--out", tmp_path / "t.parquet") == 0


def test_a_table_has_the_types_of_its_page_where_it_has_no_values(tmp_path):
    pyarrow, duckdb = map(pytest.importorskip, ("pyarrow", "duckdb"))
    keep(tmp_path, "a", {"x": None, "l": [], "deep": [[]]}, {"v": np.zeros(0)})
    (tmp_path / "seconds.jsonl").unlink()  # as cells of earlier versions
    path = tmp_path / "t.parquet"
    assert run("results", tmp_path, "--out", path) == 0
    schema = pyarrow.parquet.read_schema(path)
    double = pyarrow.float64()
    assert {name: schema.field(name).type for name in schema.names[3:]} == {
        "param_deep": pyarrow.list_(pyarrow.list_(double)),
        "param_l": pyarrow.list_(double),
        "param_x": double,
        "result_v": pyarrow.list_(double),
        "seconds": double,
    }
    assert duckdb.sql(f"select sum(seconds), any_value(param_l) from '{path}'").fetchall() == [(None, [])]


def test_the_query_of_the_page_heeds_no_fit_that_diverged(tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    for lr, auc in ((0.1, 0.6), (0.2, 0.7), (9.0, np.nan)):
        keep(
            tmp_path,
            "compare",
            {"method": "m", "bits": 8, "lr": lr},
            {"valid": np.array([auc, 1]), "test": np.array([auc - 0.1, 1])},
        )
    assert run("results", tmp_path, "--out", tmp_path / "cells.parquet") == 0
    (query,) = re.findall(r"```sql\n(.*?)```", (DOCS / "sweeps.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    assert duckdb.sql(query).fetchall() == [("m", 8, pytest.approx(0.6))]


def test_a_table_on_standard_output_is_all_that_goes_there(compared):
    parquet = pytest.importorskip("pyarrow.parquet")
    command = [sys.executable, "-m", "alpt_ref", "results", str(compared), "--out", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert parquet.read_table(io.BytesIO(done.stdout)).num_rows == 4


def test_a_table_replaces_no_cell_that_it_is_made_from(compared, capsys):
    before = state_of(compared)
    for path in (min((compared / "cells").iterdir()), compared / "seconds.jsonl"):
        assert error_of(capsys, "results", compared, "--out", path) == f"{path} is read by this command, write elsewhere"
    assert state_of(compared) == before


def test_two_parameters_are_never_one_column(tmp_path, capsys):
    name = keep(tmp_path, "a", {"x": {"y": 1}, "x_y": 2}, {})
    said = f"{tmp_path / 'cells' / name}.npz: two of its parameters would be the column param_x_y"
    assert error_of(capsys, "results", tmp_path, "--out", tmp_path / "t.parquet") == said


def test_a_cell_under_the_name_of_another_is_refused(tmp_path, capsys):
    """As a study refuses it."""
    first, second = (tmp_path / "cells" / f"{keep(tmp_path, 'a', {'n': n}, {})}.npz" for n in (1, 2))
    second.write_bytes(first.read_bytes())
    said = error_of(capsys, "results", tmp_path, "--out", tmp_path / "t.parquet")
    assert said == f"{second}: has the name of another cell"


def test_seconds_after_a_torn_line_are_known(tmp_path):
    first = keep(tmp_path, "a", {"n": 1}, {})
    path = tmp_path / "seconds.jsonl"
    path.write_text(path.read_text() + '{"id": "torn')
    names = [first, *(keep(tmp_path, "a", {"n": n}, {}) for n in (2, 3))]
    assert list(seconds_of(tmp_path)) == names
    assert len(path.read_text().splitlines()) == 4


def test_a_table_of_nothing_is_one_sentence(tmp_path, capsys, compared, monkeypatch):
    assert error_of(capsys, "results", tmp_path, "--out", tmp_path / "x").endswith("has no cells: give the --out of a study")
    (tmp_path / "cells").mkdir()
    np.savez(tmp_path / "cells" / "0.npz", meta=np.array("{}"))
    assert "damaged, KeyError" in error_of(capsys, "results", tmp_path, "--out", tmp_path / "x")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert error_of(capsys, "results", compared, "--out", tmp_path / "x") == (
        "a Parquet file needs pyarrow: pip install 'alpt-ref[parquet]'"
    )
    assert not (tmp_path / "x").exists()


# Compiling is said


class Compiling:
    """Another thread holds the compiler's lock while the block runs."""

    def __enter__(self):
        self.held, self.done = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()
        self.held.wait()

    def work(self):
        with global_compiler_lock:
            self.held.set()
            self.done.wait()

    def __exit__(self, *error):
        self.done.set()
        self.thread.join()


def test_compiling_is_known_to_every_thread():
    assert not compiling()
    with Compiling():
        assert compiling()
    with global_compiler_lock:
        assert compiling()
    assert not compiling()


def test_lines_say_that_loops_are_compiled(capsys, monkeypatch):
    monkeypatch.setattr(progress, "FIRST", 0.02)
    for begin, line in (
        (lambda: progress.bar(3), "0 of 3: compiling"),
        (lambda: epochs(4, terminal=False), "epoch 1/4: compiling"),
    ):
        with begin(), Compiling():
            time.sleep(0.1)
        assert capsys.readouterr().err == f"{line}\n"
        with begin():
            time.sleep(0.1)
        assert capsys.readouterr().err == ""


def test_the_bar_says_that_loops_are_compiled(monkeypatch):
    def terminal(**more):
        return Console(force_terminal=True, width=80, record=True, file=open("/dev/null", "w"))

    shown = []
    monkeypatch.setattr(progress, "Console", lambda **more: shown.append(terminal()) or shown[-1])
    with progress.moving_bar(3) as move:
        move(1, "the first", progress.Pace(3))
        with Compiling():
            time.sleep(0.3)
    shown[-1].file.close()
    text = shown[-1].export_text()
    assert "compiling" in text
    assert "the first" in text
