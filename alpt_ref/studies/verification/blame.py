"""Whose error it is: of a claim, yours or one of this package's, or of the program."""

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alpt_ref


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Turn an error in a claim into a ValueError that names it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    except (AttributeError, ArithmeticError, AssertionError, LookupError, TypeError) as error:
        raise ValueError(f"{name}: {type(error).__name__}: {error}") from error
    except (Exception, SystemExit) as error:
        if isinstance(error, OSError | MemoryError) or not _of_a_user(error):
            raise
        raise ValueError(f"{name}: {type(error).__name__}: {error}") from error


def _of_a_user(error: BaseException) -> bool:
    """True where code was on the way to the error that is neither this package's nor of an installed library."""
    homes = (Path(alpt_ref.__file__).parent, *(Path(sysconfig.get_path(kind)) for kind in ("stdlib", "purelib", "platlib")))
    ways = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    return any(not any(way.is_relative_to(home) for home in homes) for way in ways)
