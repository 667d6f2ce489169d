"""The MLflow server of this deployment: one process, closed to everyone without credentials."""
