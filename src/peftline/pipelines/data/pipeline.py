"""From a source of rows to three splits, shared by all recipes."""

from kedro.pipeline import Node, Pipeline

from peftline.pipelines.data.nodes import (
    deduplicate,
    ingest,
    list_dropped,
    preview,
    split,
    validate,
)

DATA, ROOT = "params:data", "params:store_root"


def create_pipeline() -> Pipeline:
    """ingest -> validate -> deduplicate -> split."""
    return Pipeline(
        [
            Node(ingest, [DATA, ROOT], "raw", name="ingest"),
            Node(validate, ["raw", DATA, ROOT], "valid", name="validate"),
            Node(deduplicate, ["valid", DATA, ROOT], "examples", name="deduplicate"),
            Node(list_dropped, "examples", "dropped", name="list_dropped"),
            Node(split, ["examples", DATA, ROOT], "splits", name="split"),
            Node(preview, "splits", "test_preview", name="preview"),
        ],
        tags="data",
    )
