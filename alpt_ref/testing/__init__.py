"""Property-based testing of quantizers, anyone's: strategies, the contract, and a suite that gives a verdict.

    alpt-ref check-quantizer package.module:Adapter
    pytest --pyargs alpt_ref.testing.contract --alpt-quantizer package.module:Adapter

or ``check_quantizer`` and ``assert_conforms`` in a test of your own. Names are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alpt_ref.testing import strategies
    from alpt_ref.testing.adapter import NumpyQuantizer, Quantizer
    from alpt_ref.testing.suite import Report, assert_conforms, check_quantizer

_HOMES = {
    "NumpyQuantizer": "adapter",
    "Quantizer": "adapter",
    "Report": "suite",
    "assert_conforms": "suite",
    "check_quantizer": "suite",
}
__all__ = ["NumpyQuantizer", "Quantizer", "Report", "assert_conforms", "check_quantizer", "strategies"]


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return import_module("alpt_ref.testing.strategies")
    if name not in _HOMES:
        raise AttributeError(f"module 'alpt_ref.testing' has no attribute {name!r}")
    return getattr(import_module(f"alpt_ref.testing.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
