"""A sweep as one run of MLflow, above the runs of its points."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peftline.sweep.state import Sweep

_PARAMETERS = {"name", "seeds", "selection", "tuning_share", "base_sha256", "data_sha256"}


@contextmanager
def parent(sweep: Sweep, run_id: str | None, result: Path) -> Iterator[str]:
    """A run that lasts as long as the block; a former sitting's goes on.

    Args:
        run_id: of the former sitting, if there was one.
        result: a file that is logged at the end.

    Returns:
        Its id, which the runs of points name as their parent.
    """
    import mlflow

    former = run_id and mlflow.search_runs(
        filter_string=f"attributes.run_id = '{run_id}'", output_format="list"
    )
    run = mlflow.start_run(run_id=run_id) if former else mlflow.start_run(run_name=sweep.name)
    status = "KILLED"
    try:
        if not former:
            mlflow.log_params({**sweep.asked, **sweep.model_dump(include=_PARAMETERS)})
        mlflow.set_tag("sweep", sweep.name)
        yield run.info.run_id
        status = "FINISHED"
    except InterruptedError:
        raise
    except Exception:
        status = "FAILED"
        raise
    finally:
        try:
            if result.exists():
                mlflow.log_artifact(str(result))
        finally:
            mlflow.end_run(status)
