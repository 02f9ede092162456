"""Readers of real click-through formats and of data frames, and generated data of the same kind.

``fit_read(path, Source("libfm"))`` gives a Dataset and a FeatureMap; ``read(path, feature_map)`` reads any later file by that
map; in the place of a path may stand a data frame. ``make_ctr()`` generates data that need no file.
"""

from alpt_ref.data.dataset import Dataset
from alpt_ref.data.errors import DataError
from alpt_ref.data.feature_map import FeatureMap, Field, hash_feature
from alpt_ref.data.movielens import FieldRange, read_movielens
from alpt_ref.data.notes import DataWarning
from alpt_ref.data.reader import fit_read, read
from alpt_ref.data.source import Source
from alpt_ref.data.split import split
from alpt_ref.data.synthetic import Teacher, make_ctr

__all__ = [
    "DataError",
    "DataWarning",
    "Dataset",
    "FeatureMap",
    "Field",
    "FieldRange",
    "Source",
    "Teacher",
    "fit_read",
    "hash_feature",
    "make_ctr",
    "read",
    "read_movielens",
    "split",
]
