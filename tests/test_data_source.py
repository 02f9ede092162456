"""Source: every option outside its domain is refused by name, and the package stays light to import."""

import re
import subprocess
import sys
from typing import Any

import pytest

from alpt_ref.data import Source

pytestmark = pytest.mark.edge

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"format": "orc"}, "format must be one of libsvm, libfm, libffm, criteo, avazu, csv, parquet, got 'orc'"),
    ({"format": "libsvm", "index_base": 2}, "index_base must be 0 or 1, got 2"),
    ({"format": "libsvm", "n_features": 0}, "n_features must be an integer between 1 and 2147483647, got 0"),
    ({"format": "csv", "hash_bins": 2**31}, "hash_bins must be an integer between 1 and 2147483647, got 2147483648"),
    ({"format": "csv", "min_count": 0}, "min_count must be an integer of at least 1, got 0"),
    ({"format": "csv", "numeric": "I1"}, "numeric must be a tuple of names, got 'I1'"),
    ({"format": "csv", "positive_label": ""}, "positive_label must be a text that is not empty, got ''"),
    ({"format": "csv", "on_bad_line": "warn"}, "on_bad_line must be one of 'error', 'skip', got 'warn'"),
    ({"format": "criteo", "index_base": 0}, "index_base does not apply to format 'criteo'"),
    ({"format": "csv", "n_features": 9}, "n_features does not apply to format 'csv'"),
    ({"format": "libfm", "hash_bins": 9}, "hash_bins does not apply to format 'libfm'"),
    ({"format": "libffm", "min_count": 2}, "min_count does not apply to format 'libffm'"),
    ({"format": "avazu", "label_column": "click"}, "label_column does not apply to format 'avazu'"),
    ({"format": "criteo", "numeric": ("C1",)}, "numeric does not apply to format 'criteo'"),
    (
        {"format": "csv", "hash_bins": 9, "min_count": 2},
        "min_count does not apply with hash_bins: hashing keeps no counts",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Source(**options)


def test_index_base_defaults() -> None:
    assert [Source(name).first_index for name in ("libsvm", "libfm", "libffm")] == [1, 0, 0]
    assert Source("libsvm", index_base=0).first_index == 0
    assert Source("libfm", index_base=1).first_index == 1


def test_importing_the_readers_does_not_import_numba() -> None:
    program = """
import sys, alpt_ref
before = "numba" in sys.modules
import alpt_ref.data
assert before or "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
