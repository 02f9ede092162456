"""Philox against published vectors, the element map against a known-answer file, and what is built on it."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy import uint64
from scipy import stats

from alpt_ref import reference, rng
from alpt_ref.kernels.cpu.words import LANES, fill_scattered
from alpt_ref.scalars.jit import JIT
from alpt_ref.scalars.philox import centred_uniform

KNOWN = Path(__file__).parent / "known_answers"
VECTORS = [line.split() for line in (KNOWN / "philox4x32_10.txt").read_text().splitlines() if line[0] != "#"]
ELEMENTS = json.loads((KNOWN / "element_words.json").read_text())["words"]
N = 20_000 if JIT else 2_000


@pytest.mark.parametrize("vector", VECTORS, ids=["zeros", "ones", "pi"])
def test_philox_gives_the_random123_vectors(vector):
    numbers = [int(w, 16) for w in vector]
    assert [int(w) for w in rng.philox(*(uint64(n) for n in numbers[:6]))] == numbers[6:]
    assert list(reference.philox(tuple(numbers[:4]), tuple(numbers[4:6]))) == numbers[6:]


@pytest.mark.parametrize("case", ELEMENTS, ids=lambda c: f"{c['seed']}-{c['stream']}-{c['step']}-{c['index']}")
def test_element_map_is_fixed(case):
    counter = {"seed": case["seed"], "stream": case["stream"], "step": case["step"]}
    assert rng.words(1, offset=case["index"], **counter)[0] == case["word"]
    assert int(rng.word_at(case["index"], *rng.check_counter(case["seed"], case["step"], case["stream"]))) == case["word"]
    assert reference.word(case["index"], case["step"], case["stream"], case["seed"]) == case["word"]


@given(st.integers(0, 2**40), st.integers(1, 150), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_words_do_not_depend_on_where_a_call_begins(start, n, seed, step):
    whole = rng.words(n, seed=seed, step=step, stream=3, offset=start)
    assert whole[-1] == reference.word(start + n - 1, step, 3, seed)
    cut = n // 3
    parts = [rng.words(m, seed=seed, step=step, stream=3, offset=start + a) for a, m in ((0, cut), (cut, n - cut))]
    assert np.array_equal(whole, np.concatenate(parts))


def test_words_where_the_low_counter_word_is_full():
    start = 4 * (2**32 - 20)
    words = rng.words(200, seed=2, stream=1, offset=start)
    assert words[[0, 79, 80, 199]].tolist() == [reference.word(start + i, 0, 1, 2) for i in (0, 79, 80, 199)]


def test_scattered_blocks_hold_the_words_of_their_elements():
    blocks = np.resize(np.array([5, 2**33, 0, 77], uint64), 2 * LANES)
    out = np.empty(4 * blocks.size, np.uint32)
    fill_scattered(out, blocks, uint64(9), uint64(1), uint64(4))
    for i in (0, 1, 5, blocks.size - 1):
        expected = [reference.word(4 * int(blocks[i]) + w, 9, 1, 4) for w in range(4)]
        assert out[4 * i : 4 * i + 4].tolist() == expected


@pytest.mark.parametrize("bits", [1, 2, 5, 23, 24])
def test_uniforms_are_the_top_bits_of_the_word(bits):
    draws = {"seed": 11, "step": 4, "stream": rng.Stream.DATA, "offset": 6}
    u = rng.uniforms(500, random_bits=bits, **draws)
    words = rng.words(500, **draws)
    assert u.dtype == np.float32
    assert np.array_equal(u.astype(np.float64), (words >> np.uint32(32 - bits)) * 2.0**-bits)
    mask = rng.random_bits_mask(bits)
    centred = [float(centred_uniform(word, mask)) for word in words]
    assert centred == [float(v) if v < 0.5 else float(v) - 1 for v in u]


def test_every_part_of_the_counter_matters():
    base = {"seed": 1, "step": 1, "stream": 1, "offset": 8}
    first = rng.words(8, **base)
    for name, value in (("seed", 1 + 2**32), ("step", 2), ("stream", 2), ("offset", 8 + 2**34)):
        assert not np.any(first == rng.words(8, **(base | {name: value}))), name


def test_uniforms_and_normals_have_their_law():
    u = rng.uniforms(N, seed=3, stream=1)
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    z = rng.normals(N, seed=3, stream=1)
    assert z.dtype == np.float32
    assert stats.kstest(z, "norm").pvalue > 1e-4
    assert np.array_equal(z[5:15], rng.normals(10, seed=3, stream=1, offset=5))
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 5 / np.sqrt(N)


def test_permutation_is_one_and_uniform():
    p = rng.permutation(101, seed=5, step=2)
    assert np.array_equal(np.sort(p), np.arange(101))
    assert np.array_equal(p, rng.permutation(101, seed=5, step=2))
    assert not np.array_equal(p, rng.permutation(101, seed=5, step=3))
    counts = {}
    for seed in range(1200):
        key = tuple(rng.permutation(4, seed=seed).tolist())
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 24
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4
    assert rng.permutation(0, seed=1).size == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("seed", 2**64),
        ("step", 2**32),
        ("stream", -2),
        ("offset", -1),
        ("seed", 1.5),
        ("seed", True),
    ],
)
def test_counters_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        rng.words(4, **({"seed": 0, "stream": 0} | {name: value}))


@pytest.mark.parametrize("bits", [0, 25, 2.0, True])
def test_random_bits_out_of_range_are_refused(bits):
    with pytest.raises(ValueError, match="random_bits"):
        rng.uniforms(4, seed=0, stream=0, random_bits=bits)
