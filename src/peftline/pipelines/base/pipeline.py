"""The base model, and what it can do without fine-tuning; shared by all recipes."""

from kedro.pipeline import Node, Pipeline

from peftline.pipelines.base.nodes import materialise, score_base

ROOT = "params:store_root"


def create_materialise() -> Pipeline:
    """The base model as one plain folder."""
    return Pipeline(
        [Node(materialise, ["params:base_model", ROOT], "base_model", name="materialise")],
        tags="base",
    )


def create_pipeline() -> Pipeline:
    """materialise -> score by prompting."""
    score = Node(
        score_base,
        ["base_model", "splits", "params:rendering", "params:evaluation", ROOT],
        ["base_scores", "base_predictions", "base_metrics"],
        name="score_base",
    )
    return create_materialise() + Pipeline([score], tags="base")
