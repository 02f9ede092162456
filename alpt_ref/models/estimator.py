"""The manners of an estimator: parameters, a short repr, and what scikit-learn asks of a classifier.

scikit-learn is no dependency. What is its own is imported where it calls: tags, and requests for metadata.
"""

import inspect
from copy import deepcopy
from dataclasses import fields
from typing import Any, Self

import numpy as np

from alpt_ref.models.errors import not_fitted
from alpt_ref.tools.brief import brief
from alpt_ref.training.config import Config

UNCHANGED = "$UNCHANGED$"  # scikit-learn's word for a request that stays
FIELDS = {field.name for field in fields(Config)}
METADATA = {"fit": ("sample_weight",), "partial_fit": ("classes", "sample_weight"), "score": ("sample_weight",)}


class Estimator:
    """A classifier of two classes whose constructor takes arguments of :class:`Config`, each kept under its own name."""

    _estimator_type = "classifier"  # scikit-learn before 1.6 asks for it

    @classmethod
    def _parameters(cls) -> dict[str, inspect.Parameter]:
        return dict(inspect.signature(cls).parameters)

    def _keep(self, values: dict[str, Any]) -> None:
        """Keep the ``values`` of the arguments of :class:`Config`; a derived class keeps further ones of its own itself."""
        for name in FIELDS & values.keys():
            setattr(self, name, values[name])

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Constructor arguments by name."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments; ValueError for an unknown name."""
        known = self._parameters()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{name} is not a parameter of {type(self).__name__}")
            setattr(self, name, value)
        return self

    def config(self) -> Config:
        """The validated arguments; numbers of NumPy become Python's, whose products do not wrap."""
        given = [(name, value) for name, value in vars(self).items() if name in FIELDS]
        return Config(**{name: value.item() if isinstance(value, np.number) else value for name, value in given})

    def __repr__(self) -> str:
        """The call that makes it, with the arguments that are not the defaults."""
        defaults = {name: parameter.default for name, parameter in self._parameters().items()}
        shown = [f"{name}={brief(value)}" for name, value in self.get_params().items() if not _same(value, defaults[name])]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise not_fitted(f"this {type(self).__name__} is not fitted: call fit or load first")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "state_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(multi_class=False),
            input_tags=InputTags(sparse=True),
        )

    def get_metadata_routing(self) -> Any:
        """scikit-learn's requests for metadata, as :meth:`set_fit_request` and its siblings have made them; none at first."""
        from sklearn.utils.metadata_routing import MetadataRequest

        if hasattr(self, "_metadata_request"):
            return deepcopy(self._metadata_request)
        requests = MetadataRequest(owner=type(self).__name__)
        for method, names in METADATA.items():
            for name in names:
                getattr(requests, method).add_request(param=name, alias=None)
        return requests

    def set_fit_request(self, *, sample_weight: bool | str | None = UNCHANGED) -> Self:
        """Ask scikit-learn's meta-estimators to hand ``sample_weight`` on to ``fit`` (its user guide: metadata routing)."""
        return self._request("fit", sample_weight=sample_weight)

    def set_partial_fit_request(
        self, *, classes: bool | str | None = UNCHANGED, sample_weight: bool | str | None = UNCHANGED
    ) -> Self:
        """Ask for ``classes`` and ``sample_weight`` in ``partial_fit``."""
        return self._request("partial_fit", classes=classes, sample_weight=sample_weight)

    def set_score_request(self, *, sample_weight: bool | str | None = UNCHANGED) -> Self:
        """Ask for ``sample_weight`` in ``score``."""
        return self._request("score", sample_weight=sample_weight)

    def _request(self, method: str, **wanted: bool | str | None) -> Self:
        from sklearn import get_config

        if not get_config()["enable_metadata_routing"]:
            raise RuntimeError("requests need metadata routing: sklearn.set_config(enable_metadata_routing=True)")
        requests = self.get_metadata_routing()
        for name, alias in wanted.items():
            if alias != UNCHANGED:
                getattr(requests, method).add_request(param=name, alias=alias)
        self._metadata_request = requests
        return self


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and not isinstance(a, np.ndarray | tuple | list) and bool(a == b))
