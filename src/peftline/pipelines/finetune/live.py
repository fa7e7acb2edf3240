"""Losses on the tracking server while a model trains."""

import mlflow


def log_to_mlflow(record: dict[str, float]) -> None:
    """Send one record to the active run, if there is one."""
    if mlflow.active_run():
        values = {name: value for name, value in record.items() if name != "step"}
        mlflow.log_metrics(values, step=int(record["step"]))
