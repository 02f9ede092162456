"""The text of docs/conformance.md: what the suite found in other libraries, and Python that shows it without the suite."""

import subprocess
import sys
import textwrap
from typing import Any

from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.properties import CONTRACT
from alpt_ref.testing.suite import FAIL, FALSE_ALARM, PASS

WIDTH = 136
Run = dict[str, Any]

HEAD = """\
# Quantizers of other libraries

The conformance suite on calls of well-known libraries, through adapters of a few lines each, `analysis/peer_adapters.py`. This
page is written by `analysis/peer_conformance.py`; `make peers` sets up the libraries that `peers.txt` pins in an environment of
their own, and runs it: six minutes. It needs a C++ compiler, as qtorch compiles its kernels. One adapter, in that environment:

    alpt-ref check-quantizer analysis/peer_adapters.py:TorchFloor

Adapters declare what a library documents or its format forces, and seed it in its own way. Floor, Comparison and Round are
expressions as users of array libraries write them, no functions of the libraries. A failure is its counterexample and no more:
it says nothing of what a library does elsewhere, and some of these calls were never meant to keep the contract.
"""

LIBRARIES = """\
## The libraries

Thanks to the authors of [PyTorch](https://pytorch.org), [JAX](https://docs.jax.dev),
[ml_dtypes](https://github.com/jax-ml/ml_dtypes), [QPyTorch](https://github.com/Tiiiger/QPyTorch) (Zhang, Lin, Yang and De Sa),
[torchao](https://github.com/pytorch/ao),
[Brevitas](https://github.com/Xilinx/brevitas) (AMD), [pychop](https://github.com/nla-group/pychop) (Carson and Chen) and
[gfloat](https://github.com/graphcore-research/gfloat) (Fitzgibbon, Graphcore). All that draw can be seeded or are given the
bits: every line above can be run again.
"""

FLOOR_OF_SUM = "In float32 s + u is rounded, for u near 1 to the next integer, before floor sees it"
INFINITY = "The edge for -infinity is -max, not min: one code above that of the largest finite negative numbers."

# Why an adapter fails, and at most five lines of Python that show it. They are run, and the page holds what they print.
REPRODUCTIONS = {
    "TorchFloor": (
        FLOOR_OF_SUM + "; `TorchComparison` conforms.",
        """\
import torch
torch.manual_seed(0)
x = torch.full((2**25,), 126.0)
print(torch.floor(torch.tensor(-2.0) + 0.99999994))
print(int((torch.floor(x + torch.rand(x.shape)) != x).sum()), "of", x.numel())""",
    ),
    "JaxFloor": (
        FLOOR_OF_SUM + "; `JaxComparison` conforms.",
        """\
import jax, jax.numpy as jnp
x = jnp.full(2**25, 126.0)
print((jnp.floor(x + jax.random.uniform(jax.random.key(0), x.shape)) != x).sum(), "of", x.size)""",
    ),
    "QtorchStochastic": (
        "It rounds s + u - 1/2 to the nearest, ties to even, and s + u is rounded to float32 before: odd codes move both ways.",
        """\
import torch
from qtorch.quant import fixed_point_quantize
torch.manual_seed(0)
y = fixed_point_quantize(torch.full((2**24,), 125.0), wl=8, fl=0, rounding="stochastic")
print(y.unique(return_counts=True))""",
    ),
    "QtorchNearest": (
        "It rounds s + 1/2 - 1/2: the first sum is rounded to float32, and the last bit of s is lost.",
        """\
import torch
from qtorch.quant import fixed_point_quantize
print(fixed_point_quantize(torch.tensor([0.50000006]), wl=8, fl=0, rounding="nearest"))""",
    ),
    "TorchaoStochastic": (
        FLOOR_OF_SUM + ".",
        """\
import torch
from torchao.prototype.quantized_training.int8 import quantize_int8_rowwise
torch.manual_seed(0)
codes, step = quantize_int8_rowwise(torch.tensor([[126.0, 127.0]]).repeat(2**25, 1), stochastic_rounding=True)
print(step.unique(), int((codes[:, 0] != 126).sum()), "of", len(codes))""",
    ),
    "TorchFakeQuantize": (
        "A float comes out, which could say NaN, and it is the lowest value.",
        """\
import torch
print(torch.fake_quantize_per_tensor_affine(torch.tensor([0.0, torch.nan]), 1.0, 0, -128, 127))""",
    ),
    "BrevitasStochastic": (
        "Where x / delta overflows float32, a finite x is refused.",
        """\
import torch
from brevitas.core.function_wrapper import StochasticRoundSte
try: StochasticRoundSte(seed=0)(torch.tensor([3e38]) / 0.5)
except RuntimeError as error: print(str(error).partition("  ")[0])""",
    ),
    "PychopStochastic": (
        INFINITY,
        """\
import numpy as np, pychop
print(pychop.Chopf(ibits=8, fbits=0, rmode=5)(np.array([-1e30, -np.inf])))""",
    ),
    "PychopNearest": (
        INFINITY,
        """\
import numpy as np, pychop
print(pychop.Chopf(ibits=8, fbits=0, rmode=1)(np.array([-1e30, -np.inf])))""",
    ),
    "GfloatFewBitsUndeclared": (
        "5 random bits cannot tell fractions below 1/32 apart, and gfloat documents that this mode is biased: declared, as by "
        "`GfloatFewBits`, it conforms. Here 0.03 steps never go up.",
        """\
import numpy as np
from gfloat import RoundMode, round_ndarray
from gfloat.formats import format_info_ocp_int8
x = np.full(32, 0.03 / 64)
print(round_ndarray(format_info_ocp_int8, x, RoundMode.StochasticFastest, srbits=np.arange(32), srnumbits=5).mean())""",
    ),
    "MlDtypesCast": (
        "A cast truncates, and keeps the low bits: it is no quantizer, but `MlDtypesRoundedCast` makes one of it.",
        """\
import numpy as np, ml_dtypes
print(np.array([0.9, 1.5, 7.0, 8.0, 1e30]).astype(ml_dtypes.int4))""",
    ),
}


def page(found: dict[Any, Run]) -> str:
    """The text of the whole page. ``found`` : runs as JSON by adapter, or {"missing": why}."""
    runs = {adapter.__name__: run for adapter, run in found.items() if "missing" not in run}
    of, conform = next(iter(runs.values()))["of"], sum(run["conforms"] for run in runs.values())
    told = f"{conform} of {len(runs)} conform: {of['level']} level, on the CPU, Python {of['python']}, NumPy {of['numpy']}. "
    told += f"A correct quantizer fails its run with probability at most {FALSE_ALARM:g}."
    results = [
        "| adapter | library | call | verdict |",
        "|---|---|---|---|",
        *(_row(adapter, run) for adapter, run in found.items()),
    ]
    parts = [HEAD.strip(), textwrap.fill(told, WIDTH), "\n".join(results), "## What was declared", _declared(runs)]
    failing = [_counterexamples(name, run) for name, run in runs.items() if not run["conforms"]]
    return "\n\n".join([*parts, "## By property", _by_property(runs), "## Counterexamples", *failing, LIBRARIES])


def _row(adapter: Any, run: Run) -> str:
    if "missing" in run:
        which, verdict = adapter.library, f"not run: {run['missing']}"
    else:
        fails = [f"`{entry['name']}`" for entry in run["properties"] if entry["status"] == FAIL]
        which, verdict = f"{adapter.library} {run['of']['library']}", f"fails {', '.join(fails)}" if fails else "conforms"
    return f"| {adapter.__name__} | {which} | {adapter.__doc__.splitlines()[0]} | {verdict} |"


def _declared(runs: dict[str, Run]) -> str:
    by: dict[str, list[str]] = {}
    for name, run in runs.items():
        usual = vars(Declaration(run["declared"]["rounding"]))
        for key, given in run["declared"].items():
            value = tuple(given) if isinstance(given, list) else given
            if value != usual[key]:
                by.setdefault(f"`{key} = {value!r}`", []).append(name)
    return "\n".join(["| declared | by |", "|---|---|", *(f"| {what} | {', '.join(names)} |" for what, names in by.items())])


def _by_property(runs: dict[str, Run]) -> str:
    lines = ["| property | holds | not judged | fails |", "|---|---|---|---|"]
    for i, entry in enumerate(CONTRACT):
        status = {name: run["properties"][i]["status"] for name, run in runs.items()}
        fails, holds = [name for name in runs if status[name] == FAIL], list(status.values()).count(PASS)
        lines.append(f"| {entry.name} | {holds} | {len(runs) - holds - len(fails)} | {', '.join(fails)} |")
    return "\n".join(lines)


def _counterexamples(name: str, run: Run) -> str:
    """The section of one adapter: the cause; each failing call once; Python without this package, and its output."""
    why, code = REPRODUCTIONS.get(name, ("", ""))
    by: dict[str, tuple[str, list[str]]] = {}
    for entry in run["properties"]:
        if entry["status"] == FAIL:
            by.setdefault(entry["counterexample"]["python"], (entry["note"], []))[1].append(f"`{entry['name']}`")
    items = [
        textwrap.fill(f"- {', '.join(names)}: {note}", WIDTH, subsequent_indent="  ") + "\n\n" + textwrap.indent(call, " " * 6)
        for call, (note, names) in by.items()
    ]
    shown = f"```text\n{code}\n\n{_printed(code)}\n```" if code else ""
    return "\n\n".join(part for part in (f"### {name}", textwrap.fill(why, WIDTH), *items, shown) if part)


def _printed(code: str) -> str:
    """The text that ``code`` prints, in a Python of its own; ValueError if it fails."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"a reproduction fails: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()
