"""Quantizers for the conformance suite, in plain NumPy: sound designs that must pass, and wrong ones that must not."""

from tests.quantizers import biased, careless, dependent, off_point, off_range
from tests.quantizers.registry import MUTANTS
from tests.quantizers.sound import SOUND, D, F, SeedOnly, Sound, SoundNearest

__all__ = [
    "MUTANTS",
    "SOUND",
    "D",
    "F",
    "SeedOnly",
    "Sound",
    "SoundNearest",
    "biased",
    "careless",
    "dependent",
    "off_point",
    "off_range",
]
