"""The pytest plugin: options that ``alpt_ref.testing.contract`` reads. Every pytest loads it, so it imports nothing heavy."""

from typing import Any

CONTRACT = "alpt_ref.testing.contract"


def pytest_addoption(parser: Any) -> None:
    """Add the options --alpt-quantizer and --alpt-level."""
    group = parser.getgroup("alpt_ref", f"conformance of a quantizer (pytest --pyargs {CONTRACT})")
    group.addoption("--alpt-quantizer", metavar="MODULE:NAME", help="the adapter of the quantizer to check")
    group.addoption("--alpt-level", metavar="LEVEL", default="default", help="quick, default or thorough")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Load the quantizer once where the contract is to be run; UsageError, one sentence, where there is none."""
    if not any(getattr(getattr(item, "module", None), "__name__", "") == CONTRACT for item in items):
        return
    from pytest import UsageError  # noqa: PT013

    from alpt_ref.testing.adapter import Candidate
    from alpt_ref.testing.suite import Examination, level_of

    where = config.getoption("--alpt-quantizer")
    if not where:
        raise UsageError("--alpt-quantizer MODULE:NAME is missing: the adapter of the quantizer to check")
    try:
        config.alpt_examination = Examination(Candidate.load(where), level_of(config.getoption("--alpt-level")))
    except ValueError as error:
        raise UsageError(str(error)) from None
