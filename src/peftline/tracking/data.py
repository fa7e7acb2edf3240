"""The data set of a run, as MLflow knows data sets."""

import json
from typing import Any

from peftline.handles import RawRows, Splits

_DIGEST_LENGTH = 8  # what MLflow gives its own data sets, and its pages have room for
_LONGEST_NAME = 400  # MLflow refuses more than 500 characters, and a mixture names all its sources


class DataLog:
    """Logs the data of one run, as soon as a node reads them: a run that fails has them too."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._source = "data"
        self._is_logged = False

    def look(self, inputs: dict[str, Any]) -> None:
        """Look for rows and splits among the inputs of a node; log the splits that come first."""
        for data in inputs.values():
            if isinstance(data, RawRows):
                self._source = data.source
            if isinstance(data, Splits) and not self._is_logged:
                log_data(data, self._source)
                self._is_logged = True


def log_data(splits: Splits, source: str) -> None:
    """Make the splits inputs of the active run; do nothing if there is none.

    Each is a data set of MLflow: `<source>/<side>`, with the side as its context and its number of
    rows. The digest is how the hash of all splits begins, which stands in the summary too.

    Args:
        source: what the rows were read from; a name, never a path on this machine.
    """
    import mlflow
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

    run = mlflow.active_run()
    if run is None:
        return
    rows = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    inputs = [
        DatasetInput(
            Dataset(
                name=f"{source[:_LONGEST_NAME]}/{side}",
                digest=splits.sha256[:_DIGEST_LENGTH],
                source_type="code",
                source=json.dumps({"tags": {"source": source, "sha256": splits.sha256}}),
                profile=json.dumps({"num_rows": count}),
            ),
            tags=[InputTag(MLFLOW_DATASET_CONTEXT, side)],
        )
        for side, count in rows.items()
    ]
    mlflow.MlflowClient().log_inputs(run.info.run_id, inputs)
