"""The contract as pytest tests, one for each property:

pytest --pyargs alpt_ref.testing.contract --alpt-quantizer package.module:Adapter [--alpt-level quick]
"""

import pytest

from alpt_ref.testing.properties import CONTRACT
from alpt_ref.testing.property import Property
from alpt_ref.testing.report import described
from alpt_ref.testing.suite import SKIP, Examination


@pytest.fixture(scope="session")
def examination(request: pytest.FixtureRequest) -> Examination:
    """The examination of the quantizer that --alpt-quantizer names; the plugin has made it."""
    made: Examination = request.config.alpt_examination  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize("entry", CONTRACT, ids=lambda entry: entry.name)
def test_property(entry: Property, examination: Examination) -> None:
    """Pass, fail with the counterexample, or skip where the property is not applicable."""
    outcome = examination.outcome(entry)
    if reasons := examination.reasons(entry):
        pytest.fail("\n".join((outcome.note, *map(described, reasons))), pytrace=False)
    if outcome.status == SKIP:
        pytest.skip(outcome.note)
    if outcome.failed:
        pytest.fail(described(outcome), pytrace=False)
