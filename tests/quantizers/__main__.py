"""Every sound design at a level of the suite, with its time: python -m tests.quantizers [quick | default | thorough]."""

import sys
import time

from alpt_ref.testing import check_quantizer
from tests.quantizers import SOUND, formats


def main(level="default"):
    """Print a line for each design; the exit code is 1 where one is flagged."""
    flagged = 0
    for design in [*SOUND, *formats.SOUND]:
        began = time.perf_counter()
        report = check_quantizer(design, level=level)
        names = ", ".join(outcome.entry.name for outcome in report.failures)
        print(f"{design.__name__:<28}{time.perf_counter() - began:7.1f} s  {names or 'conforms'}", flush=True)
        flagged += not report.conforms
    return int(flagged > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
