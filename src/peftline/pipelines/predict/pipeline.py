"""One's own prompts, answered by base and adapter side by side."""

from kedro.pipeline import Node, Pipeline

from peftline.pipelines.predict.nodes import predict


def create_pipeline() -> Pipeline:
    """Read prompts, answer them twice, write JSON lines and a page."""
    return Pipeline(
        [
            Node(
                predict,
                ["base_model", "chosen_adapter", "params:predict"],
                ["side_by_side", "side_by_side_page"],
                name="predict",
            )
        ],
        tags="predict",
    )
