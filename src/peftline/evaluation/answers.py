"""Answer the test split: with the base alone, with examples in the prompt, with an adapter."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from peftline import jsonl, store
from peftline.base_model import hardware
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.corpus.split import read_split
from peftline.delivery import adapter as adapters
from peftline.evaluation import generation, metrics
from peftline.formats.example import Example, Message
from peftline.handles import AdapterFolder, BaseModelFolder, Splits
from peftline.quantization import NF4, NoQuantization
from peftline.rendering import render
from peftline.schema import Evaluation, Rendering

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Rows = list[dict[str, Any]]
_SHOTS_SEED = 0  # the same shots for every run: the base's score is a fixed yardstick


def score_base(
    base: BaseModelFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    root: Path,
) -> tuple[Rows, dict[str, Any]]:
    """Score the untouched base, zero-shot and few-shot, once per data, base and settings.

    Returns:
        Predictions, each with its `mode`, and the metrics of each mode.
    """
    import peftline.base_model.loading
    import peftline.evaluation
    import peftline.formats
    import peftline.rendering
    import peftline.tool_calls.scoring

    key = {
        "base": base.sha256,
        "splits": splits.sha256,
        "rendering": rendering.model_dump(),
        "evaluation": evaluation.model_dump(),
        "code": store.code_hash(
            peftline.evaluation,
            peftline.rendering,
            peftline.formats,
            peftline.base_model.loading,
            peftline.tool_calls.scoring,
        ),
        "dtype": str(hardware.compute_dtype()),
        "versions": [transformers.__version__, torch.__version__],
    }

    def write(folder: Path) -> dict[str, Any]:
        """Score each mode; predictions go into the folder, metrics into its manifest."""
        model, tokenizer = load_model(base), load_tokenizer(base)
        results = {}
        rows: Rows = []
        for mode, shots in _modes(splits, rendering, evaluation, tokenizer).items():
            answered, results[mode] = answer_test_split(
                model, tokenizer, splits, rendering, evaluation, shots, f"Base, {mode}"
            )
            rows += [{**row, "mode": mode} for row in answered]
        jsonl.write(folder / "predictions.jsonl", rows)
        return results

    path, results = store.build(root / "07_model_output" / "base", key, write)
    return list(jsonl.read(path / "predictions.jsonl")), results


def score_adapter(
    base: BaseModelFolder,
    adapter: AdapterFolder,
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    quantized: NoQuantization | NF4 | None = None,
) -> tuple[Rows, dict[str, Any]]:
    """Score an adapter on the 16-bit base (what is delivered), or on a quantised one.

    It answers merged: two more products in every linear layer take their time.

    Raises:
        PeftlineError: the adapter was trained on another base, other data or another rendering.
    """
    adapters.check_matches(adapter, base, splits, rendering.model_dump())
    model = load_model(base, quantized=quantized)
    if quantized is not None:
        # The same rounded weights, unpacked once instead of for every token.
        model = model.dequantize()
    model = adapters.merged(model, adapter)
    title = "Adapter" if quantized is None else f"Adapter on {quantized.type}"
    return answer_test_split(model, load_tokenizer(base), splits, rendering, evaluation, [], title)


def answer_test_split(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    shots: list[Example],
    title: str,
) -> tuple[Rows, dict[str, Any]]:
    """Answer every test prompt and score the answers.

    Returns:
        A row per example (id, prompt, reference, prediction, scores), and the metrics.
    """
    examples = read_split(splits, "test")
    answers = answer(
        model,
        tokenizer,
        [example.prompt for example in examples],
        rendering,
        evaluation.max_new_tokens,
        evaluation.batch_tokens,
        shots,
        title,
    )
    kind = metrics.choose(evaluation.metrics, [example.answer for example in examples])
    rows = [
        {
            "id": example.id,
            "prompt": "\n\n".join(message.text for message in example.prompt),
            "reference": example.answer,
            "prediction": prediction,
            "scores": metrics.score(kind, prediction, example.answer),
        }
        for example, prediction in zip(examples, answers, strict=True)
    ]
    return rows, metrics.aggregate(kind, [row["scores"] for row in rows])


def answer(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: list[list[Message]],
    rendering: Rendering,
    max_new_tokens: int,
    batch_tokens: int,
    shots: list[Example],
    title: str,
) -> list[str]:
    """Answer prompts, with worked examples before each of them if `shots` has any."""
    before = [message for shot in shots for message in shot.messages]
    prefix_text = _prefix_text(before, prompts[0], rendering, tokenizer) if before else ""
    ids = [
        _ids(render.prompt_text(before + prompt, rendering, tokenizer), prefix_text, tokenizer)
        for prompt in prompts
    ]
    prefix = _ids(prefix_text, "", tokenizer) if prefix_text else None
    return generation.generate(model, tokenizer, ids, max_new_tokens, batch_tokens, prefix, title)


def _ids(text: str, prefix_text: str, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    if prefix_text:  # the prefix has the beginning-of-sequence token already
        return tokenizer(text.removeprefix(prefix_text), add_special_tokens=False)["input_ids"]
    return render.with_bos(tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer)


def _prefix_text(
    before: list[Message],
    prompt: list[Message],
    rendering: Rendering,
    tokenizer: "PreTrainedTokenizerBase",
) -> str:
    """The text of the shots, which all prompts share: where two different prompts part."""
    texts = [
        render.prompt_text([*before, *turn], rendering, tokenizer)
        for turn in (prompt, [Message(role="user", content="\u0000")])
    ]
    parted = next(
        (at for at, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), len(texts[0])
    )
    last = before[-1].content
    end = texts[0].rfind(last, 0, parted)
    return texts[0][: end + len(last)] if end >= 0 else ""


def _modes(
    splits: Splits,
    rendering: Rendering,
    evaluation: Evaluation,
    tokenizer: "PreTrainedTokenizerBase",
) -> dict[str, list[Example]]:
    modes: dict[str, list[Example]] = {"zero_shot": []}
    if evaluation.few_shot:
        modes["few_shot"] = choose_shots(read_split(splits, "train"), evaluation.few_shot)
    return modes


def choose_shots(train: list[Example], count: int) -> list[Example]:
    """Draw worked examples from the shorter half of the training split, each answer different."""
    shorter = sorted(train, key=lambda e: sum(len(m.text) for m in e.messages))
    pool = shorter[: max(count, len(shorter) // 2)]
    random.Random(_SHOTS_SEED).shuffle(pool)  # noqa: S311
    different = list({example.answer: example for example in pool}.values())
    return (different + pool)[:count]
