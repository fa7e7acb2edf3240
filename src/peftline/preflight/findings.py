"""From what was measured to what is wrong or noteworthy; what concerns the data is in `rows`."""

from collections.abc import Iterator
from typing import Any

from peftline.evaluation import prompting
from peftline.preflight import rows
from peftline.preflight.problems import Problem, problem
from peftline.recipe import Recipe
from peftline.units import size

_LESS = "Set evaluation.dtype=bfloat16 or a smaller evaluation.batch_tokens, or a smaller base."
# What helps, by the stage that does not fit.
_SMALLER = {
    "training": "Take a recipe with quantization nf4, a smaller training.speed.micro_batch_tokens, "
    "training.gradient_checkpointing=true, or a smaller base.",
    "base": _LESS,
    "scoring": _LESS,
    "scoring beside the base": f"{_LESS} Or set evaluation.quantized=false.",
    "forgetting": "Set evaluation.dtype=bfloat16 or evaluation.forgetting=false.",
    "latency": "Set evaluation.dtype=bfloat16 or evaluation.latency=false.",
    "merge": "Set evaluation.dtype=bfloat16, or take a smaller base.",
}
# Which kinds of examples an objective learns from.
FITTING = {"sft": {"conversation", "text"}}


def find(report: dict[str, Any], recipe: Recipe, for_training: bool) -> list[Problem]:
    """All findings, errors first."""
    found = [
        *_of_objective(report, recipe, for_training),
        *_of_labels(report),
        *_of_training(report),
        *_of_memory(report),
        *_of_scoring(report),
        *_of_parts(report),
        *rows.find(report),
    ]
    return sorted(found, key=lambda one: one["level"] != "error")


def _of_objective(report: dict[str, Any], recipe: Recipe, for_training: bool) -> Iterator[Problem]:
    kinds = report["contents"]["kinds"]
    others = sorted(set(kinds) - FITTING[recipe.objective.type])
    if others:
        yield problem(
            "error" if for_training else "warning",
            "data_do_not_fit_objective",
            f"the objective '{recipe.objective.type}' does not learn from "
            f"{', '.join(f'{kinds[kind]} rows of kind {kind!r}' for kind in others)}. Take a "
            "recipe with another objective, other data, or another data.format.",
        )


def _of_labels(report: dict[str, Any]) -> Iterator[Problem]:
    unended = report["ends_without_loss"]
    if unended:
        yield problem(
            "error",
            "end_token_without_loss",
            f"{len(unended)} rows have an answer whose end token "
            f"({report['template']['end_token']}) carries no loss: the model would never learn to "
            "stop. Take another chat template or rendering.format=alpaca.",
            unended,
        )
    doubled = sum(number for count, number in report["leading_bos"].items() if int(count) > 1)
    if doubled:
        yield problem(
            "error",
            "several_bos_tokens",
            f"{doubled} rows begin with more than one beginning-of-sequence token. Remove it from "
            "the chat template or from the data.",
        )
    missing = sum(number for count, number in report["leading_bos"].items() if int(count) == 0)
    if report["expects_bos"] and missing:
        yield problem(
            "error",
            "missing_bos_token",
            f"{missing} rows begin without the beginning-of-sequence token that the tokenizer puts "
            "first. Take the base model's own chat template or tokenizer.",
        )
    if report["supervised_share"] == 1 and "text" not in report["contents"]["kinds"]:
        yield problem(
            "error", "everything_is_supervised", "prompts carry loss too. The masks are wrong."
        )
    if report["template"]["origin"] != "own" and report["template"]["format"] == "chat":
        yield problem(
            "warning",
            "chat_template_given",
            f"the base model has no chat template and was given "
            f"'{report['template']['origin']}'. It is saved with adapter and merged model.",
        )


def _of_training(report: dict[str, Any]) -> Iterator[Problem]:
    training = report["training"]
    if training["step_0_loss"] is None:
        yield problem(
            "error",
            "loss_not_finite",
            "the loss of the first rows is infinite or no number. The base model's weights or the "
            "precision are broken.",
        )
    if training["predicted_disk_bytes"] > training["free_disk_bytes"]:
        yield problem(
            "error",
            "disk_too_small",
            f"the run will write {training['predicted_disk_bytes'] / 2**30:.1f} GiB and "
            f"{training['free_disk_bytes'] / 2**30:.1f} GiB are free. Free some space.",
        )


def _of_memory(report: dict[str, Any]) -> Iterator[Problem]:
    memory = report["memory"]
    for name, stage in memory["stages"].items():
        if stage["bytes"] > stage["device_bytes"]:
            yield problem(
                "error",
                "memory_too_small",
                f"{name} will need {size(stage['bytes'])} of memory ({stage['device']}), and there "
                f"are {size(stage['device_bytes'])}. {_SMALLER[name]}",
            )
    if memory["scored_on"] == "quantized":
        yield problem(
            "warning",
            "scored_on_quantized_base",
            "the base in 16 bits does not fit the device, so the adapter will be scored on the "
            "quantised base, and merged on the host. Such scores are compared with their like "
            "alone.",
        )


def _of_scoring(report: dict[str, Any]) -> Iterator[Problem]:
    written = report["answers"]
    for message in written["problems"]:
        yield problem("error", "references_cannot_be_scored", message)
    for message in written["too_long"]:
        yield problem("error", "prompts_too_long", f"{message} {prompting.ADVICE}")
    if written["no_few_shot"]:
        yield problem(
            "warning",
            "no_few_shot_score",
            f"the base is not asked with worked examples: {written['no_few_shot']}.",
        )
    if written["longer"]:
        yield problem(
            "warning",
            "answers_will_be_cut",
            f"{written['longer']} of {written['references']} references of the test split are "
            f"longer than answers may be ({written['limit']} tokens): the longest has "
            f"{written['longest']}. Set evaluation.max_new_tokens={written['longest']}, or such "
            "answers are cut before they are scored.",
        )


def _of_parts(report: dict[str, Any]) -> Iterator[Problem]:
    made_of = "adapters that this one is made of were trained"
    other = [part["recipe"] for part in report["parts"] if not part["same_data"]]
    if other:
        yield problem(
            "warning",
            "parts_with_other_data",
            f"{made_of} on other data ({', '.join(other)}). If they have seen rows of this test "
            "split, its scores say too much.",
        )
    other = [part["recipe"] for part in report["parts"] if not part["same_rendering"]]
    if other:
        yield problem(
            "warning",
            "parts_with_other_rendering",
            f"{made_of} with another prompt format or length ({', '.join(other)}).",
        )
