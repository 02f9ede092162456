"""Disjoint ranges in a thread pool: the only parallelism there is.

Every kernel that is split computes each element from its own index alone, so results do not depend on the number of
threads; kernels release the GIL.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from alpt_ref.tools.checks import check_threads


@cache
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, thread_name_prefix="alpt_ref")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child of a fork has none of the threads


def run_ranges(work: Callable[[int, int], object], n: int, n_threads: int, multiple: int = 1) -> None:
    """Call ``work(start, stop)`` on ranges that cover [0, n), their inner ends multiples of ``multiple``."""
    units = -(-n // multiple)
    n_ranges = min(check_threads(n_threads), units)
    if n_ranges <= 1:
        work(0, n)
        return
    ends = [min(n, multiple * (units * i // n_ranges)) for i in range(n_ranges)] + [n]
    futures = [_pool(n_ranges - 1).submit(work, ends[i], ends[i + 1]) for i in range(1, n_ranges)]
    work(ends[0], ends[1])
    for future in futures:
        future.result()
