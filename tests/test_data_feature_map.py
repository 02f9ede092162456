"""FeatureMap: its round trip through an npz without pickle, and refusal of what is no map."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpt_ref.data import DataError, FeatureMap, Field, Source, fit_read

pytestmark = pytest.mark.edge

texts = st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]) | st.just("\udce9"), max_size=4)
fields = st.builds(Field, texts, texts, st.just("categorical"), st.lists(texts, max_size=3, unique=True).map(tuple))
maps = st.builds(
    FeatureMap,
    st.builds(Source, st.just("csv"), numeric=st.lists(texts, max_size=2).map(tuple), label_column=texts.filter(bool)),
    st.integers(0, 2**31 - 1),
    texts,
    st.lists(fields, max_size=4).map(tuple),
) | st.builds(FeatureMap, st.just(Source("libsvm", n_features=3, on_bad_line="skip")), st.just(3))


@given(maps)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, feature_map: FeatureMap) -> None:
    path = tmp_path_factory.mktemp("map") / "map.npz"
    np.savez(path, **feature_map.to_arrays(), weights=np.zeros(3))  # type: ignore[arg-type]
    with np.load(path, allow_pickle=False) as arrays:
        assert FeatureMap.from_arrays(arrays) == feature_map


@pytest.mark.parametrize("source", [Source("csv"), Source("csv", min_count=2), Source("csv", hash_bins=9)])
def test_round_trip_of_a_learned_map(tmp_path: Path, source: Source) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"y,a,I1\n1,\xe9,3\n0,,3\n1,u,\n")
    _, feature_map = fit_read(path, source)
    assert FeatureMap.from_arrays(feature_map.to_arrays()) == feature_map


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("source", None, "'source'"),
        (
            "source",
            np.array("{"),
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ("source", np.array('{"format": "x", "numeric": []}'), "format must be one of"),
        (
            "layout",
            np.array('{"fields": [], "label_column": ""}'),
            "zip() argument 2 is longer than argument 1",
        ),
        ("n_values", np.array([2]), "1 values where n_values adds up to 2"),
        ("n_features", np.array([1, 2]), ""),
    ],
)
def test_refused(name: str, value: Any, complaint: str) -> None:
    arrays = FeatureMap(Source("csv"), 2, "y", (Field("a", "a", "categorical", ("u",)),)).to_arrays()
    if value is None:
        del arrays[name]
    else:
        arrays[name] = value
    with pytest.raises(DataError) as caught:
        FeatureMap.from_arrays(arrays)
    assert str(caught.value).startswith(f"these arrays are not a feature map: {complaint}")
