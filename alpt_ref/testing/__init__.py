"""Property-based testing of any quantizer: strategies, the contract, and a suite that gives a verdict.

    alpt-ref check-quantizer package.module:Adapter
    pytest --pyargs alpt_ref.testing.contract --alpt-quantizer package.module:Adapter

``check_quantizer`` and ``assert_conforms`` do the same in a test of your own, and ``parametrize_with_properties`` makes a test
of each property. Names are imported on first use.
"""

from typing import TYPE_CHECKING

from alpt_ref.tools.lazy import lazy

if TYPE_CHECKING:
    from alpt_ref.testing import strategies
    from alpt_ref.testing.adapter import NumpyQuantizer, Quantizer
    from alpt_ref.testing.arrays import OnDevice
    from alpt_ref.testing.parametrize import parametrize_with_properties
    from alpt_ref.testing.suite import Report, assert_conforms, check_quantizer

_HOMES = {
    "NumpyQuantizer": "testing.adapter",
    "OnDevice": "testing.arrays",
    "Quantizer": "testing.adapter",
    "Report": "testing.suite",
    "assert_conforms": "testing.suite",
    "check_quantizer": "testing.suite",
    "parametrize_with_properties": "testing.parametrize",
    "strategies": "",
}
__all__ = [
    "NumpyQuantizer",
    "OnDevice",
    "Quantizer",
    "Report",
    "assert_conforms",
    "check_quantizer",
    "parametrize_with_properties",
    "strategies",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
