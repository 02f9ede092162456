"""Who computes the cells of a command, as its options say; and the list that a dry run prints."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from alpt_ref.cli.parsing import CommandError, spell_options
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.cluster import Dask
from alpt_ref.studies.executors import Executor, InProcess, Listed, Listing
from alpt_ref.studies.export import flat
from alpt_ref.studies.store import SECONDS, seconds_of
from alpt_ref.tools.pace import clock


@contextmanager
def executing(args: argparse.Namespace, folder: Path | None = None) -> Iterator[Executor]:
    """Yield the executor that was asked for. A dry run ends the block where cells are missing, and prints what was listed.

    folder : of the cells, whose seconds tell how long others may take. Raises CommandError for options that do not go together,
    and where distributed is not installed.
    """
    _check(args)
    if args.dry_run:
        listing = Listing()
        with suppress(Listed):
            yield listing
        print("\n".join(listed(listing.cells, folder)))
    elif args.executor == "dask":
        try:
            executor = Dask(args.workers or 2, getattr(args, "threads", 1), args.scheduler)
        except ValueError as error:
            raise CommandError(spell_options(str(error), ["executor", "scheduler"])) from None
        with closing(executor):
            yield executor
    else:
        yield InProcess(getattr(args, "threads", 1))


def _check(args: argparse.Namespace) -> None:
    """CommandError for options that do not go together."""
    for name in ("workers", "scheduler"):
        if getattr(args, name) is not None and args.executor != "dask":
            raise CommandError(f"--{name} needs --executor dask")
    if args.workers is not None and args.scheduler is not None:
        raise CommandError("--workers: not allowed with --scheduler, whose workers run already")
    if args.executor == "dask" and getattr(args, "device", "cpu") == "cuda":
        raise CommandError("--device cuda needs --executor in-process")


def listed(cells: Sequence[tuple[Cell, bool]], folder: Path | None) -> Iterator[str]:
    """A line for each cell, found or missing, and at last their number and the time that the missing ones may take."""
    words = _words([cell.spec for cell, _ in cells])
    for cell, found in cells:
        yield f"{'found' if found else 'missing':<9}{words[cell.spec.id]}"
    missing = [cell.spec.kind for cell, found in cells if not found]
    said = f"{len(cells):,} {'cell' if len(cells) == 1 else 'cells'}, {len(missing):,} missing"
    yield f"{said}: {_estimate(missing, folder)}" if missing else f"{said}."


def _words(specs: Sequence[RunSpec]) -> dict[str, str]:
    """Words on each cell, by id; where several have the same, with the parameters in which these differ."""
    alike: dict[str, dict[str, RunSpec]] = {}
    for spec in specs:
        alike.setdefault(spec.words, {})[spec.id] = spec
    found = {}
    for words, group in alike.items():
        params = {name: dict(flat("", spec.params)) for name, spec in group.items()}
        keys = dict.fromkeys(key for each in params.values() for key in each)
        differ = [key for key in keys if len({repr(each.get(key)) for each in params.values()}) > 1]
        for name, each in params.items():
            found[name] = " ".join([words, *(f"{key[1:]}={each[key]}" for key in differ if key in each)])
    return found


def _estimate(kinds: Sequence[str], folder: Path | None) -> str:
    """The time that cells of these kinds may take, and what is not known of it."""
    took: dict[str, list[float]] = {}
    below = [] if folder is None else folder.glob(f"*/{SECONDS}")  # verify's click models have a folder of their own
    homes = [] if folder is None else [folder, *(path.parent for path in below)]
    for kind, seconds in (each for home in homes for each in seconds_of(home).values()):
        took.setdefault(kind, []).append(seconds)
    known = [kind for kind in kinds if kind in took]
    later = "Cells of steps that follow, if any, are not listed."
    if not known:
        return f"no cell of their kind was timed here, so nothing is known of the time. {later}"
    total = sum(sum(took[kind]) / len(took[kind]) for kind in known)
    rest = f", and {len(kinds) - len(known):,} of kinds that were not timed here" if len(known) < len(kinds) else ""
    return f"about {clock(total)} of one process, as long as others of their kind took on average{rest}. {later}"
