"""Whether everything that goes into a summary is about the same data, base and questions."""

from peftline.corpus.split import iterate
from peftline.errors import PeftlineError
from peftline.evaluation.rows import Rows
from peftline.handles import AdapterFolder, ModelFolder, RunInputs
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
    by_mode: dict[str, Rows] = {}
    for row in base_predictions:
        by_mode.setdefault(row["mode"], []).append(row)
    problems += [
        f"the base's answers ({mode}), which are to other questions than those of the run"
        for mode, rows in by_mode.items()
        if _questions(rows) != _questions(predictions)
    ]
    if problems:
        raise PeftlineError(
            f"{trained.recipe}, seed {trained.seed}: these do not belong to the data, base and "
            f"settings of this run: {'; '.join(problems)}. Nothing is summed up. Run the whole "
            f"recipe (kedro run --pipelines={trained.recipe}) with these settings."
        )


def _questions(rows: Rows) -> list[tuple[str, str, str]]:
    return [(row["id"], row["prompt"], row["reference"]) for row in rows]
