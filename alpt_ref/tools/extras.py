"""Libraries that only a part of the package needs, each by the name of the extra that installs it: ``alpt_ref[parquet]``."""

from collections.abc import Iterator
from contextlib import contextmanager


class ExtraMissingError(ImportError, ValueError):
    """A library that is not installed, and the command that installs it, in one sentence."""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import in the block what the extra ``name`` installs; ExtraMissingError where it is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ExtraMissingError(f"{error.name} is not installed: pip install 'alpt_ref[{name}]'") from None
