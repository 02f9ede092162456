"""Low-precision training of logistic regression and factorization machines: reference implementation and testbed.

The paper: Li et al., *Adaptive Low-Precision Training for Embeddings in Click-Through Rate Prediction*, AAAI 2023,
arXiv 2212.05735. Names are imported on first use, so that ``import alpt_ref`` costs nothing.
"""

from typing import TYPE_CHECKING

from alpt_ref.tools.lazy import lazy

__version__ = "0.1.0"

if TYPE_CHECKING:
    from alpt_ref import plots
    from alpt_ref.formats import Format, format_of
    from alpt_ref.grid import Grid
    from alpt_ref.models import FactorizationMachine, LogisticRegression
    from alpt_ref.problems.own import Problem
    from alpt_ref.quantizer import dequantize, quantize
    from alpt_ref.rng import Stream
    from alpt_ref.runs.run import Run
    from alpt_ref.runs.trace import trace

_HOMES = {
    "Grid": "grid",
    "FactorizationMachine": "models",
    "Format": "formats",
    "format_of": "formats",
    "LogisticRegression": "models",
    "Problem": "problems.own",
    "Run": "runs.run",
    "dequantize": "quantizer",
    "plots": "",
    "quantize": "quantizer",
    "Stream": "rng",
    "trace": "runs.trace",
}
__all__ = [
    "FactorizationMachine",
    "Format",
    "Grid",
    "LogisticRegression",
    "Problem",
    "Run",
    "Stream",
    "dequantize",
    "format_of",
    "plots",
    "quantize",
    "trace",
]

__getattr__, __dir__ = lazy(__name__, _HOMES, ["__version__"])
