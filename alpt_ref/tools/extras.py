"""Libraries that only a part of the package needs, each installed by an extra: ``pip install 'alpt-ref[parquet]'``."""

from collections.abc import Iterator
from contextlib import contextmanager

# The library that each extra is for; numba-cuda, of the extra cuda, is asked for by ``tools/devices``.
LIBRARIES = {"dask": "distributed", "parquet": "pyarrow", "testing": "hypothesis"}


class ExtraMissingError(ImportError, ValueError):
    """A library that is not installed, and the command that installs it, in one sentence."""


def needs(what: str, extra: str) -> str:
    """Return the sentence that ``what`` needs the library of ``extra``, with the command that installs it."""
    return f"{what} needs {LIBRARIES[extra]}: pip install 'alpt-ref[{extra}]'"


@contextmanager
def importing(extra: str, what: str) -> Iterator[None]:
    """Import the library of ``extra`` in the block. ExtraMissingError, a sentence on what needs it, where it is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != LIBRARIES[extra]:
            raise
        raise ExtraMissingError(needs(what, extra)) from None
