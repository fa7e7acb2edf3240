"""Whether everything that goes into a summary is about the same data, base and questions."""

import json
from typing import Any

from peftline.corpus.split import iterate
from peftline.errors import PeftlineError
from peftline.evaluation import metrics
from peftline.evaluation.protocol import Protocol, questions_sha256
from peftline.evaluation.rows import Rows, by_mode
from peftline.handles import AdapterFolder, ModelFolder, RunInputs
from peftline.recipe import Recipe
from peftline.schema import Evaluation, Rendering


def check(
    trained: AdapterFolder | ModelFolder,
    inputs: RunInputs,
    rendering: Rendering,
    evaluation: Evaluation,
    predictions: Rows,
    base_predictions: Rows,
) -> None:
    """Refuse to sum up what does not belong together.

    Args:
        inputs: data, base and scores of the base that the run has worked with.
        predictions: of what was trained, for the test split.
        base_predictions: of the untouched base, each with its `mode`.

    Raises:
        PeftlineError: parts are of other data, of another base, of other settings or of other
            questions; all of them are named.
    """
    data, base, scores = inputs.splits.sha256, inputs.base_model.sha256, inputs.base_scores
    asked_with = evaluation.model_dump(mode="json", include=set(scores.evaluation))
    given = [
        ("the training, whose data are others", trained.data_sha256, data),
        ("the training, whose base model is another", trained.base_sha256, base),
        ("the training, whose prompt format is another", trained.rendering, rendering.model_dump()),
        ("the tokenised rows, whose data are others", inputs.tokenised.data_sha256, data),
        ("the tokenised rows, whose base model is another", inputs.tokenised.base_sha256, base),
        ("the base's scores, whose data are others", scores.data_sha256, data),
        ("the base's scores, whose base model is another", scores.base_sha256, base),
        ("the base's scores, whose prompts are others", scores.rendering, rendering.model_dump()),
        ("the base's scores, whose settings are others", scores.evaluation, asked_with),
    ]
    problems = [what for what, theirs, ours in given if theirs != ours]
    in_test = {
        (example.id, "\n\n".join(message.text for message in example.prompt))
        for example in iterate(inputs.splits, "test")
    }
    if not {(row["id"], row["prompt"]) for row in predictions} <= in_test:
        problems.append("the predictions, which are no answers to this test split")
    questions = questions_sha256(predictions)
    problems += [
        f"the base's answers ({mode}), which are to other questions than those of the run"
        for mode, rows in by_mode(base_predictions).items()
        if questions_sha256(rows) != questions
    ]
    _refuse(trained, problems)


def check_versions(
    trained: AdapterFolder | ModelFolder,
    recipe: Recipe,
    evaluation: Evaluation,
    history: dict[str, Any],
    predictions: Rows,
    base_metrics: dict[str, Any],
) -> None:
    """Refuse to sum up parts of a run that was made at two times, with other settings or scoring.

    Args:
        recipe: as the present command has it.
        history: of the training, with its `settings`.
        predictions: of what was trained, for the test split.
        base_metrics: of the untouched base, with their `protocol`.

    Raises:
        PeftlineError: the training had other settings, or scores are of another version of the
            scoring than that of today.
    """
    problems = []
    if history["settings"] != recipe.model_dump(mode="json"):
        problems.append("the training, whose settings are others")
    protocol = Protocol.of(evaluation, predictions)
    if base_metrics["protocol"] != protocol.model_dump():
        problems.append("the base's scores, which were asked for or made otherwise")
    judged = metrics.SETS.get(protocol.metric_set)
    if judged and judged.is_of_text:
        scores = [judged.score(row["prediction"], row["reference"]) for row in predictions]
        if json.loads(json.dumps(scores)) != [row["scores"] for row in predictions]:
            problems.append("the scores of the predictions, made by another version of the scoring")
    _refuse(trained, problems)


def _refuse(trained: AdapterFolder | ModelFolder, problems: list[str]) -> None:
    if problems:
        raise PeftlineError(
            f"{trained.recipe}, seed {trained.seed}: these do not belong to the data, base and "
            f"settings of this run: {'; '.join(problems)}. Nothing is summed up. Run the whole "
            f"recipe (kedro run --pipelines={trained.recipe}) with these settings."
        )
