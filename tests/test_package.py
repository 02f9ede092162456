"""The package as a whole: a light import, public names, layers, and the reference notes that the layout promises."""

import subprocess
import sys

import pytest

import alpt_ref


def test_import_is_light():
    code = "import sys, alpt_ref; print([m for m in ('numba', 'scipy', 'matplotlib', 'numba.cuda') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_models_do_not_load_matplotlib_or_cuda():
    code = "import sys, alpt_ref.models; print([m for m in ('matplotlib', 'numba_cuda') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names():
    for name in alpt_ref.__all__:
        assert getattr(alpt_ref, name).__doc__
        assert name in dir(alpt_ref)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = alpt_ref.nothing
