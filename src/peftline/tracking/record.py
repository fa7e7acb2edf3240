"""The result of a run: metrics, tags, artifacts, and the adapter as a model version."""

from pathlib import Path
from typing import Any

from peftline.handles import BaseModelFolder

# Single numbers of a summary that are worth a column in a comparison.
_NUMBERS = (
    "trainable_parameters",
    "total_parameters",
    "adapter_bytes",
    "peak_memory_bytes",
    "train_seconds",
    "tokens_per_second",
    "steps",
)


def record(summary: dict[str, Any], artifacts: dict[str, str], base: BaseModelFolder) -> None:
    """Log a finished run to the active MLflow run; do nothing if there is none.

    Args:
        summary: the content of summary.json.
        artifacts: paths of `adapter`, `summary`, `predictions`, `learning_curve`.
        base: the model that the adapter belongs to.
    """
    import mlflow

    from peftline.tracking.model import register

    run = mlflow.active_run()
    if run is None:
        return
    mlflow.set_tags(
        {
            "recipe": summary["recipe"],
            "base_model": summary["base_model"]["id"],
            "data_sha256": summary["data"]["sha256"],
            "input_hash": summary["input_hash"],
            "git_sha": summary["git_sha"] or "unknown",
            "verdict": summary["verdict"],
        }
    )
    mlflow.log_metrics(_numbers(summary))
    for name in ("summary", "predictions", "learning_curve"):
        mlflow.log_artifact(artifacts[name])
    if summary["adapter_bytes"] is not None:  # a whole model is too large to copy for each run
        experiment = mlflow.get_experiment(run.info.experiment_id).name
        register(Path(artifacts["adapter"]), base, experiment, summary["recipe"])


def _numbers(summary: dict[str, Any]) -> dict[str, float]:
    groups = {
        "test": summary["metrics"],
        "test_quantized": summary["metrics_quantized"] or {},
        "test_unquantized": summary["metrics_unquantized"] or {},
        "validation": summary["validation_metrics"] or {},
        **{f"base_{mode}": scores or {} for mode, scores in summary["base_metrics"].items()},
    }
    numbers = {name: summary[name] for name in _NUMBERS}
    numbers |= {
        f"{group}.{name}": metric["value"]
        for group, scores in groups.items()
        for name, metric in scores.items()
    }
    if summary["merge"]:
        numbers["merge.max_abs_logit_difference"] = summary["merge"]["max_abs_logit_difference"]
    if summary["forgetting"]:
        numbers["forgetting.difference"] = summary["forgetting"]["difference"]["value"]
    for name in ("unmerged_tokens_per_second", "merged_tokens_per_second"):
        numbers[f"generation.{name}"] = (summary["generation"] or {}).get(name)
    return {name: float(value) for name, value in numbers.items() if value is not None}
