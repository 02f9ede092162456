"""The conformance suite on quantizers of other libraries: checks, saves, and writes docs/conformance.md.

A page at the quick level, or without a library that is not installed, goes to OUT/conformance.md instead.
"""

import argparse
import json
import os
import platform
import sys
import time
import warnings
import zlib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import peer_adapters
import peer_formats
import peer_formats_numpy
from peer_page import page

from alpt_ref import testing
from alpt_ref.cli import command_line, resumable
from alpt_ref.cli.parsing import Parser
from alpt_ref.studies.progress import bar
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.report import details, record
from alpt_ref.testing.suite import check_quantizer
from alpt_ref.tools.checks import one_of
from alpt_ref.tools.files import write_json, write_text

MODULES = peer_adapters, peer_formats, peer_formats_numpy
PAGE = Path(__file__).parent.parent / "docs" / "conformance.md"
CPU_ALONE = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="ADAPTER", help="print the findings of one adapter, and leave the page alone")
    parser.add_argument("--quick", action="store_true", help="the suite's quick level")
    parser.add_argument("--out", type=Path, default=Path("results/peers"), help="of runs, and of a page that is not complete")
    return parser


def work(args: argparse.Namespace) -> None:
    """Measure, save, print."""
    os.environ.update(CPU_ALONE)
    warnings.simplefilter("ignore")
    level, found = "quick" if args.quick else "default", {}
    adapters = _chosen(args.only)
    with resumable(args.out), bar(len(adapters)) as on_part:
        for adapter in adapters:
            found[adapter] = examined(adapter, level, args.out)
            on_part(adapter.__name__)
    missing = list(dict.fromkeys(run["missing"] for run in found.values() if "missing" in run))
    if all("missing" in run for run in found.values()):
        raise ValueError("; ".join(missing))
    if args.only:
        print(*(run["details"] for run in found.values()))
        return
    path = args.out / PAGE.name if args.quick or missing else PAGE
    text = page(found)
    write_text(path, text)
    print(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 2 after bad input, with one sentence, 130 after Ctrl-C."""
    return command_line("peer_conformance", options, work, argv)


def _chosen(name: str | None) -> list[type]:
    named = {adapter.__name__: adapter for module in MODULES for adapter in module.PEERS}
    one_of("--only", name, (None, *named), str)
    return [named[name]] if name else list(named.values())


def examined(adapter: Any, level: str, folder: Path) -> dict[str, Any]:
    """The run of one adapter as JSON, saved in ``folder`` and read from there while nothing changes. Where there is no run, the
    object says why, as "missing"."""
    try:
        installed = version(adapter.library)
    except PackageNotFoundError:
        return {"missing": f"{adapter.library} is not installed"}
    sources = [*(Path(module.__file__) for module in MODULES), *sorted(Path(testing.__file__).parent.rglob("*.py"))]
    code = zlib.crc32(b"".join(source.read_bytes() for source in sources))
    of = {"level": level, "library": installed, "python": platform.python_version(), "numpy": np.__version__, "code": code}
    path = folder / f"{adapter.__name__}.{level}.json"
    if path.exists():
        try:
            saved: dict[str, Any] = json.loads(path.read_text())
        except ValueError:
            raise ValueError(f"{path}: not readable; remove it") from None
        if saved.get("of") == of:
            return saved
    try:
        candidate = Candidate(adapter)
    except ValueError as error:
        return {"missing": " ".join(str(error).split())}
    began = time.perf_counter()
    report = check_quantizer(candidate, level=level)
    run = {"of": of, "seconds": time.perf_counter() - began, **record(report), "details": details(report)}
    write_json(path, run)
    return run


if __name__ == "__main__":
    sys.exit(main())
