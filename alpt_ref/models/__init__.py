"""Models with scikit-learn's manners: ``fit``, ``partial_fit``, ``predict_proba``, ``score``, ``get_params``, ``save``.

In reading order: ``errors``; ``labels``, y and the weights of examples; ``estimator``, what scikit-learn asks of one;
``classifier``, training and predictions; ``files``; ``factorization``, the two models. scikit-learn itself is imported only
where it asks.
"""

from alpt_ref.models.errors import NotFittedError
from alpt_ref.models.factorization import FactorizationMachine, LogisticRegression, load_model

__all__ = ["FactorizationMachine", "LogisticRegression", "NotFittedError", "load_model"]
