"""A sweep as one run of MLflow, above the runs of its points."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def parent(name: str, run_id: str | None, params: dict[str, Any], result: Path) -> Iterator[str]:
    """A run that lasts as long as the block; a former sitting's goes on.

    Args:
        run_id: of the former sitting, if there was one.
        params: what the sweep tries.
        result: a file that is logged at the end.

    Returns:
        Its id, which the runs of points name as their parent.
    """
    import mlflow

    former = run_id and mlflow.search_runs(
        filter_string=f"attributes.run_id = '{run_id}'", output_format="list"
    )
    run = mlflow.start_run(run_id=run_id) if former else mlflow.start_run(run_name=name)
    status = "KILLED"
    try:
        if not former:
            mlflow.log_params(params)
        mlflow.set_tag("sweep", name)
        yield run.info.run_id
        status = "FINISHED"
    except Exception:
        status = "FAILED"
        raise
    finally:
        try:
            if result.exists():
                mlflow.log_artifact(str(result))
        finally:
            mlflow.end_run(status)
