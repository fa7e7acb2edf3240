"""One recipe: the same flow for every method, in a namespace of its own."""

from kedro.pipeline import Node, Pipeline

from peftline.capabilities import Delivers
from peftline.pipelines.finetune.preflight import gate, inspect, tokenise
from peftline.pipelines.finetune.score import (
    evaluate,
    evaluate_quantized,
    measure_forgetting,
    measure_latency,
    place,
    validate_answers,
)
from peftline.pipelines.finetune.summarise import summarise
from peftline.pipelines.finetune.train import merge, plot, train

RECIPE, RENDERING, EVALUATION = "params:recipe", "params:rendering", "params:evaluation"
DATA, SEED, ROOT = "params:data", "params:seed", "params:store_root"
SHARED = {"examples", "splits", "base_model", "base_scores"}
SHARED_PARAMETERS = {DATA, RENDERING, EVALUATION, SEED, ROOT}


def create_preflight(name: str) -> Pipeline:
    """tokenise -> inspect: what a recipe will see, and what it will cost."""
    return _named(name, _preflight())


def create_pipeline(recipe: str, delivers: Delivers = "adapter and merged") -> Pipeline:
    """tokenise -> inspect -> gate -> train -> evaluate, measure -> merge and verify -> summarise.

    Args:
        delivers: an adapter that cannot be merged is all that is delivered, and so is a model whose
            own weights were trained.
    """
    return _named(recipe, _preflight() + _training(delivers))


def _preflight() -> Pipeline:
    return Pipeline(
        [
            Node(
                tokenise,
                ["splits", "base_model", RENDERING, ROOT],
                "tokenised",
                name="tokenise",
            ),
            Node(
                inspect,
                {
                    "base": "base_model",
                    "examples": "examples",
                    "splits": "splits",
                    "tokenised": "tokenised",
                    "recipe": RECIPE,
                    "data": DATA,
                    "rendering": RENDERING,
                    "evaluation": EVALUATION,
                    "seed": SEED,
                    "run": "run",
                },
                ["preflight", "preflight_page"],
                name="inspect",
            ),
        ]
    )


def _training(delivers: Delivers) -> Pipeline:
    trained = "merged" if delivers == "model" else "adapter"
    scored = ["base_model", trained, "splits", RENDERING, EVALUATION, "placement"]
    sides = {}  # what only adapters have, and only those that merge
    nodes = []
    if delivers != "model":
        sides |= {name: name for name in ("metrics_quantized", "metrics_unquantized")}
        nodes += [
            Node(
                evaluate_quantized,
                [*scored, RECIPE],
                ["metrics_quantized", "metrics_unquantized"],
                name="evaluate_quantized",
            )
        ]
    if delivers == "adapter and merged":
        sides["merge_report"] = "merge_report"
        nodes += [Node(merge, scored, ["merged", "merge_report"], name="merge")]
    return Pipeline(
        [
            Node(gate, "preflight", "cleared", name="gate"),
            Node(
                train,
                {
                    "base": "base_model",
                    "tokenised": "tokenised",
                    "recipe": RECIPE,
                    "seed": SEED,
                    "run": "run",
                    "cleared": "cleared",
                },
                [trained, "history"],
                name="train",
            ),
            Node(plot, ["history", "run"], "learning_curve", name="plot"),
            Node(place, ["base_model", trained, EVALUATION, RECIPE], "placement", name="place"),
            Node(validate_answers, scored, "validation_metrics", name="validate_answers"),
            Node(evaluate, scored, ["predictions", "metrics"], name="evaluate"),
            Node(
                measure_forgetting,
                ["base_model", trained, EVALUATION, "placement", ROOT],
                "forgetting",
                name="measure_forgetting",
            ),
            Node(measure_latency, scored, "generation", name="measure_latency"),
            *nodes,
            Node(
                summarise,
                {
                    "trained": trained,
                    "base": "base_model",
                    "examples": "examples",
                    "splits": "splits",
                    "tokenised": "tokenised",
                    "base_scores": "base_scores",
                    "recipe": RECIPE,
                    "rendering": RENDERING,
                    "evaluation": EVALUATION,
                    "history": "history",
                    "metrics": "metrics",
                    "validation_metrics": "validation_metrics",
                    "predictions": "predictions",
                    "forgetting": "forgetting",
                    "generation": "generation",
                    "placement": "placement",
                    **sides,
                },
                ["inputs", "summary"],
                name="summarise",
            ),
        ]
    )


def _named(name: str, flow: Pipeline) -> Pipeline:
    """The flow in a namespace of its own; what all recipes share keeps its name."""
    return Pipeline(
        flow,
        namespace=name,
        inputs=SHARED & flow.inputs(),
        parameters={RECIPE: f"params:{name}"}
        | {shared: shared for shared in SHARED_PARAMETERS & flow.inputs()},
        tags=[name],
    )
