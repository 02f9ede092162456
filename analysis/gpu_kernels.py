"""What the compilers make of every loop for a GPU. Needs no GPU, but the extra ``cuda``.

    python analysis/gpu_kernels.py [--arch 90] [--only TEXT]

Prints a line for each loop: registers of a thread, bytes of its stack and of spilled registers, shared memory of a block,
instructions of PTX and of the machine, and of the machine for each element in a turn of the loop, with what runs in rare cases.
Those of the machine need nvdisasm (``pip install nvidia-cuda-nvdisasm``); without it they are left out.
"""

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the checkout, from wherever this runs

HEADS = ("registers", "stack", "spills", "shared", "PTX", "machine", "an element")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Registers, spills and instructions of every loop for a GPU.")
    parser.add_argument("--arch", type=int, default=90, help="compute capability, 80 or 90, say (default: 90)")
    parser.add_argument("--only", default="", metavar="TEXT", help="loops whose names contain it (default: all)")
    args = parser.parse_args()
    try:
        from analysis.gpu_catalogue import cases
        from analysis.gpu_compile import figures_of
    except ImportError as error:
        sys.exit(f"gpu_kernels: error: {error} (pip install 'alpt-ref[cuda]')")
    chosen = [case for case in cases() if args.only in case.name]
    if not chosen:
        parser.error(f"--only: no loop's name contains {args.only!r}")
    wide = max(len(case.name) for case in chosen)
    print(f"{'sm_' + str(args.arch):<{wide}}  {'  '.join(HEADS)}")
    for case in chosen:
        found = figures_of(case, divmod(args.arch, 10))
        values = [found.registers, found.stack, found.spills, found.shared, found.ptx, found.machine]
        cells = ["-" if value is None else str(value) for value in values]
        cells.append("-" if found.an_element is None else f"{found.an_element:.1f}")
        print(f"{case.name:<{wide}}  {'  '.join(cell.rjust(len(head)) for cell, head in zip(cells, HEADS, strict=True))}")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that has seen enough, head for one, may go
    main()
