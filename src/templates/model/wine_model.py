"""The logged model. Its file is stored beside it (`code_paths`), so that it loads under any version of Python."""

from typing import Any

import mlflow.pyfunc


class SklearnModelWrapper(mlflow.pyfunc.PythonModel):
    """Answers with the probability of high quality in place of a class."""

    def __init__(self, model: Any) -> None:
        self.model = model

    # Without type hints on purpose: MLflow would take them for the signature, which is given when the model is logged.
    def predict(self, context, model_input, params=None):
        """Returns one probability (0 to 1) a row."""
        return self.model.predict_proba(model_input)[:, 1]
