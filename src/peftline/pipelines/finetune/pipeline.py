"""One recipe: the same flow for every method, in a namespace of its own."""

from kedro.pipeline import Node, Pipeline

from peftline.pipelines.finetune.nodes import (
    evaluate,
    evaluate_quantized,
    merge,
    plot,
    summarise,
    tokenise,
    train,
)

RECIPE, RENDERING, EVALUATION = "params:recipe", "params:rendering", "params:evaluation"
SHARED = {"splits", "base_model", "base_metrics", "base_predictions"}
SHARED_PARAMETERS = {RENDERING, EVALUATION, "params:seed", "params:store_root"}


def create_pipeline(recipe: str) -> Pipeline:
    """tokenise -> train -> evaluate -> merge and verify -> summarise."""
    scored = ["base_model", "adapter", "splits", RENDERING, EVALUATION]
    flow = Pipeline(
        [
            Node(
                tokenise,
                ["splits", "base_model", RENDERING, "params:store_root"],
                "tokenised",
                name="tokenise",
            ),
            Node(
                train,
                {
                    "base": "base_model",
                    "tokenised": "tokenised",
                    "recipe": RECIPE,
                    "seed": "params:seed",
                    "run": "run",
                },
                ["adapter", "history"],
                name="train",
            ),
            Node(plot, ["history", "run"], "learning_curve", name="plot"),
            Node(evaluate, scored, ["predictions", "metrics"], name="evaluate"),
            Node(
                evaluate_quantized,
                [*scored, RECIPE],
                "metrics_quantized",
                name="evaluate_quantized",
            ),
            Node(
                merge,
                ["base_model", "adapter", "splits", RENDERING],
                ["merged", "merge_report"],
                name="merge",
            ),
            Node(
                summarise,
                [
                    "adapter",
                    "base_model",
                    "splits",
                    "tokenised",
                    "history",
                    "metrics",
                    "metrics_quantized",
                    "base_metrics",
                    "predictions",
                    "base_predictions",
                    "merge_report",
                ],
                "summary",
                name="summarise",
            ),
        ]
    )
    return Pipeline(
        flow,
        namespace=recipe,
        inputs=SHARED,
        parameters={RECIPE: f"params:{recipe}"} | {name: name for name in SHARED_PARAMETERS},
        tags=[recipe],
    )
