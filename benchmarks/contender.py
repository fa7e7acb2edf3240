"""One way to train a LoRA adapter, in a process of its own, so that its peak memory is its own.

    python benchmarks/contender.py stock_trl FOLDER none 20   # the type of base, and steps

FOLDER is made by `benchmarks/speed.py`: the base, `tokenised.json` and `rows.jsonl`. The adapter
goes to FOLDER/NAME-QUANTIZATION; the last line printed is JSON: `seconds`, `peak_memory_bytes`.

- `stock_trl`: TRL's `SFTTrainer` as it comes, on the base in the type of its files.
- `tuned_trl`: the same set up by hand: 16 bits, rows of like length together, no checkpointing.
- `plain_loop`: transformers, PEFT and a loop over padded batches.
- `peftline`: this project.
- `peftline_512`: this project with at most 512 tokens in the model at once, for less memory.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    TrainerCallback,
    set_seed,
)
from trl import SFTConfig, SFTTrainer

from peftline.fine_tune import fine_tune
from peftline.handles import BaseModelFolder, Tokenised
from peftline.memory import PeakMemory
from peftline.quantization import keep_differentiable_on_cpu
from peftline.recipe import Recipe
from peftline.trained import TrainedModel

BATCH_SIZE = 4
LEARNING_RATE = 1e-3
SEED = 42
LORA = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}


class Clock(TrainerCallback):
    """Seconds from the beginning of the first step to the end of the last."""

    def __init__(self) -> None:
        self.begin = self.end = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start at the first step."""
        self.begin = self.begin or time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stop at the latest step so far."""
        self.end = time.perf_counter()


def open_base(folder: Path, quantization: str, dtype: Any) -> Any:
    """The base as a user of plain transformers opens it."""
    config = None
    if quantization == "nf4":
        config = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    model = AutoModelForCausalLM.from_pretrained(
        folder / "base", dtype=dtype, quantization_config=config
    )
    if config:
        keep_differentiable_on_cpu(model)  # without it nothing is learnt after an evaluation
    return model


def trl(folder: Path, out: Path, quantization: str, steps: int, tuned: bool) -> float:
    """Seconds of `SFTTrainer`, as it comes or set up by hand."""
    rows = read_rows(folder)
    mask = [[int(label != -100) for label in row["labels"]] for row in rows]
    dataset = Dataset.from_dict(
        {"input_ids": [row["input_ids"] for row in rows], "completion_mask": mask}
    )
    # As it comes, the rows stand in random order already, the same as this project's.
    chosen = {"train_sampling_strategy": "sequential"}
    if tuned:
        chosen = {"gradient_checkpointing": False, "train_sampling_strategy": "group_by_length"}
    clock = Clock()
    trainer = SFTTrainer(
        model=open_base(folder, quantization, torch.bfloat16 if tuned else "auto"),
        args=SFTConfig(
            output_dir=str(out / "trainer"),
            per_device_train_batch_size=BATCH_SIZE,
            max_steps=steps,
            learning_rate=LEARNING_RATE,
            completion_only_loss=True,
            max_length=512,
            seed=SEED,
            save_strategy="no",
            report_to="none",
            use_cpu=not torch.cuda.is_available(),
            **chosen,
        ),
        train_dataset=dataset,
        processing_class=AutoTokenizer.from_pretrained(folder / "base"),
        peft_config=LoraConfig(**LORA),
        callbacks=[clock],
    )
    trainer.train()
    trainer.save_model(str(out))
    return clock.end - clock.begin


def plain_loop(folder: Path, out: Path, quantization: str, steps: int) -> float:
    """Seconds of a loop that a careful user writes."""
    rows = read_rows(folder)
    model = open_base(folder, quantization, torch.bfloat16)
    if quantization == "nf4":
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    model = get_peft_model(model, LoraConfig(**LORA)).train()
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=LEARNING_RATE, weight_decay=0.0
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    begin = time.perf_counter()
    for at in range(0, steps * BATCH_SIZE, BATCH_SIZE):
        batch = rows[at : at + BATCH_SIZE]
        width = max(len(row["input_ids"]) for row in batch)
        padded = {
            name: torch.tensor([row[name] + [pad] * (width - len(row[name])) for row in batch])
            for name, pad in (("input_ids", 0), ("labels", -100))
        }
        mask = torch.tensor(
            [[int(at < len(row["labels"])) for at in range(width)] for row in batch]
        )
        with torch.autocast("cpu", torch.bfloat16):
            model(**padded, attention_mask=mask).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    seconds = time.perf_counter() - begin
    model.save_pretrained(out)
    return seconds


def peftline(folder: Path, out: Path, quantization: str, steps: int, **shortcuts: int) -> float:
    """Seconds of this project's training, from the first step to the end of the last."""
    base = BaseModelFolder.model_validate_json((folder / "base.json").read_text())
    tokenised = Tokenised.model_validate_json((folder / "tokenised.json").read_text())
    recipe = Recipe(
        adapter={"type": "lora", "rank": LORA["r"], "alpha": LORA["lora_alpha"]},
        quantization={"type": quantization},
        training={
            "learning_rate": LEARNING_RATE,
            "batch_size": BATCH_SIZE,
            "max_steps": steps,
            "schedule": "linear",
            "warmup_share": 0.0,
            "evaluations": 1,
            "checkpoints": 1,
            "speed": shortcuts,
        },
    )
    trained, seconds = timed_training(recipe, base, tokenised, SEED, out / "checkpoints")
    trained.model.save_pretrained(out)
    return seconds


def timed_training(
    recipe: Recipe, base: BaseModelFolder, tokenised: Tokenised, seed: int, checkpoints: Path
) -> tuple[TrainedModel, float]:
    """This project's training, and its seconds from the first step to the end of the last."""
    times: list[tuple[float, dict[str, float]]] = []
    trained, _ = fine_tune(
        recipe,
        "benchmark",
        base,
        tokenised,
        seed,
        str(time.time_ns()),  # never resume
        checkpoints,
        lambda record: times.append((time.perf_counter(), record)),
    )
    begin = next(at for at, record in times if "validation_loss" in record)
    return trained, max(at for at, record in times if "train_loss" in record) - begin


def read_rows(folder: Path) -> list[dict[str, list[int]]]:
    """`input_ids` and `labels` of each training row, in the order in which all train on them."""
    return [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]


CONTENDERS: dict[str, Callable[[Path, Path, str, int], float]] = {
    "stock_trl": lambda *given: trl(*given, tuned=False),
    "tuned_trl": lambda *given: trl(*given, tuned=True),
    "plain_loop": plain_loop,
    "peftline": peftline,
    "peftline_512": lambda *given: peftline(*given, micro_batch_tokens=512),
}


def main(name: str, folder: Path, quantization: str, steps: int) -> None:
    """Train once and print what it took."""
    set_seed(SEED)
    with PeakMemory() as memory:
        out = folder / f"{name}-{quantization}"
        seconds = CONTENDERS[name](folder, out, quantization, steps)
    print(json.dumps({"seconds": seconds, "peak_memory_bytes": memory.bytes}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
