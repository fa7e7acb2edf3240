"""Speed, memory and held-out loss beside TRL and a plain loop, in one run, on a CPU.

    python benchmarks/speed.py                      # 3 rounds of 10 steps on the built-in data
    python benchmarks/speed.py --source rows.json --rounds 1

Each contender of `contender.py` trains in a process of its own, one after the other, round after
round, once over the same rows, in the same order (but for TRL set up by hand, which groups them by
length). Figures are medians over the rounds. Held-out loss is computed here, in float32, for all in
the same way; equal seeds make it the same in every round.

Writes `data/08_reporting/benchmark.json`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from contender import BATCH_SIZE, CONTENDERS, SEED, open_base
from peft import PeftModel
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM, AutoTokenizer

from peftline import store
from peftline.base_model import hardware
from peftline.base_model.materialise import materialise
from peftline.corpus.deduplicate import deduplicate
from peftline.corpus.ingest import ingest
from peftline.corpus.split import read_split, split
from peftline.corpus.validate import validate
from peftline.data_schema import Data
from peftline.evaluation.generation import generate
from peftline.objectives.order import ShuffledRows
from peftline.rendering import render, token_rows
from peftline.rendering import template as templates
from peftline.rendering.tokenise import tokenise
from peftline.schema import BaseModelSource, Rendering

MOST_STEPS = 99  # beyond, the project logs every second step, and the clock would miss the last
HELD_OUT_ROWS = 64
PROMPTS = 48
NEW_TOKENS = 32
PLAIN_BATCH = 8  # prompts that plain `generate` is given at once


def prepare(folder: Path, source: str, rows: int) -> None:
    """Base, tokenised rows, held-out rows and prompts, as contenders find them."""
    sizes = {"train_rows": rows, "validation_rows": HELD_OUT_ROWS, "test_rows": PROMPTS}
    if source != "tool_calls":
        sizes["max_rows"] = sum(sizes.values())
    data, root = Data(source=source, **sizes), folder / "store"
    base = materialise(BaseModelSource(), root)
    examples = deduplicate(validate(ingest(data, root), data, root), data, root)
    splits = split(examples, data, root)
    tokenised = tokenise(splits, base, Rendering(), root)
    (folder / "base").symlink_to(base.path, target_is_directory=True)
    (folder / "base.json").write_text(base.model_dump_json())
    (folder / "tokenised.json").write_text(tokenised.model_dump_json())
    for side, name in (("train", "rows"), ("validation", "held_out")):
        with (folder / f"{name}.jsonl").open("w") as lines:
            opened = token_rows.open_side(tokenised.path, side)
            # the order in which the project's trainer takes training rows in the first epoch
            order = ShuffledRows(len(opened), SEED) if side == "train" else range(len(opened))
            for row in opened.select(list(order)):
                kept = {column: list(row[column]) for column in ("input_ids", "labels")}
                lines.write(json.dumps(kept) + "\n")
    template = templates.load(AutoTokenizer.from_pretrained(base.path), Rendering())
    texts = (render.prompt_text(e.prompt, template, e.tools) for e in read_split(splits, "test"))
    ids = [template.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    (folder / "prompts.json").write_text(json.dumps(ids))


def train(name: str, folder: Path, quantization: str, steps: int) -> dict[str, float]:
    """Seconds and peak memory of one contender, in a process of its own."""
    script = Path(__file__).with_name("contender.py")
    command = [sys.executable, str(script), name, str(folder), quantization, str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{name} on {quantization} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


@torch.no_grad()
def held_out_loss(folder: Path, adapter: Path) -> float:
    """Mean loss per token on the unquantised base, in float32, row by row."""
    base = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    model = PeftModel.from_pretrained(base, adapter).eval()
    total, tokens = 0.0, 0
    for line in (folder / "held_out.jsonl").read_text().splitlines():
        row = {name: torch.tensor([value]) for name, value in json.loads(line).items()}
        count = int((row["labels"][:, 1:] != -100).sum())
        total += model(**row).loss.item() * count
        tokens += count
    return total / tokens


def median_seconds(work: Callable[[], Any], repeats: int = 15) -> float:
    """Median of repeated calls, after three that do not count."""
    times = []
    for _ in range(repeats + 3):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[3:])


def gemm_limit(folder: Path, tokens: int, supervised_share: float) -> float:
    """Tokens a second if a step were nothing but the products with the frozen weights.

    Forwards and, for the gradient of the input, backwards, in the type of training, with so many
    tokens at once; the head at the supervised share of them.
    """
    dtype = hardware.compute_dtype()
    model = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=dtype)
    seconds: dict[tuple[int, ...], float] = {}
    total = 0.0
    for name, layer in model.named_modules():
        if isinstance(layer, torch.nn.Linear):
            rows = tokens if "lm_head" not in name else max(1, round(tokens * supervised_share))
            weight = layer.weight.detach()
            key = (rows, *weight.shape)
            if key not in seconds:
                x = torch.randn(rows, weight.shape[1], dtype=dtype)
                grad = torch.randn(rows, weight.shape[0], dtype=dtype)
                forward = median_seconds(lambda x=x, w=weight: x @ w.t())
                seconds[key] = forward + median_seconds(lambda g=grad, w=weight: g @ w)
            total += seconds[key]
    return tokens / total


def linear_weight_bytes(folder: Path, quantization: str) -> int:
    """What the frozen weights of the linear layers take in memory, with what unpacks them."""
    model = open_base(folder, quantization, hardware.compute_dtype())
    total = 0
    for layer in model.modules():
        if isinstance(layer, torch.nn.Linear) and layer is not model.get_output_embeddings():
            state = getattr(layer.weight, "quant_state", None)
            parts = state.as_dict().values() if state else ()
            tensors = [layer.weight, *(part for part in parts if isinstance(part, torch.Tensor))]
            total += sum(tensor.nbytes for tensor in tensors)
    return total


def generation(folder: Path, adapter: Path, rounds: int, dtype: torch.dtype) -> dict[str, Any]:
    """New tokens a second of plain `generate` with the adapter, and of this project, merged."""
    tokenizer = AutoTokenizer.from_pretrained(folder / "base", padding_side="left")
    prompts = sorted(json.loads((folder / "prompts.json").read_text()), key=len)
    base = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=dtype)
    model = PeftModel.from_pretrained(base, adapter).eval()
    # Both stop nowhere, so that both make as many tokens.
    model.generation_config.eos_token_id = base.generation_config.eos_token_id = None

    def plain() -> list[str]:
        """Batches of 8 through `generate`, the adapter beside the base."""
        answers = []
        for at in range(0, len(prompts), PLAIN_BATCH):
            some = prompts[at : at + PLAIN_BATCH]
            batch = tokenizer.pad({"input_ids": some}, return_tensors="pt")
            made = model.generate(**batch, max_new_tokens=NEW_TOKENS, do_sample=False)
            new = made[:, batch["input_ids"].shape[1] :]
            answers += tokenizer.batch_decode(new, skip_special_tokens=True)
        return answers

    def ours() -> list[str]:
        """As the project answers: merged for as long as it takes."""
        hardware.fit_products()  # as it does when it loads a model
        model.merge_adapter()
        answers = generate(model.get_base_model(), tokenizer, prompts, NEW_TOKENS, 32768)
        model.unmerge_adapter()
        torch.set_float32_matmul_precision("highest")
        return [answer.text for answer in answers]

    same = sum(one == other for one, other in zip(plain(), ours(), strict=True))
    times: dict[str, list[float]] = {"plain": [], "peftline": []}
    for _ in range(rounds):
        for name, work in (("plain", plain), ("peftline", ours)):
            begin = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - begin)
    seconds = {name: statistics.median(found) for name, found in times.items()}
    tokens = len(prompts) * NEW_TOKENS
    return {
        "speedup": seconds["plain"] / seconds["peftline"],
        "new_tokens_per_second": {name: tokens / s for name, s in seconds.items()},
        "equal_answers": f"{same} of {len(prompts)}",
    }


def compare(folder: Path, quantization: str, rounds: int, console: Console) -> dict[str, Any]:
    """Train all contenders in turn; medians and ratios."""
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    steps = len(rows) // BATCH_SIZE
    if steps > MOST_STEPS:
        raise SystemExit(f"{steps} steps: at most {MOST_STEPS} are timed step by step.")
    tokens = round(sum(len(row["input_ids"]) for row in rows) * BATCH_SIZE * steps / len(rows))
    supervised = sum(label != -100 for row in rows for label in row["labels"])
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    limits = []
    for turn in range(rounds):
        limits.append(gemm_limit(folder, tokens // steps, supervised / tokens))
        for name in CONTENDERS:
            runs[name].append(train(name, folder, quantization, steps))
            speed = tokens / runs[name][-1]["seconds"]
            console.print(f"round {turn + 1}, {quantization}, {name}: {speed:.0f} tokens/s")
    results = {
        name: {
            "tokens_per_second": statistics.median(tokens / run["seconds"] for run in done),
            "peak_memory_bytes": statistics.median(run["peak_memory_bytes"] for run in done),
            "held_out_loss": held_out_loss(folder, folder / f"{name}-{quantization}"),
        }
        for name, done in runs.items()
    }
    ours, stock, tuned = (results[name] for name in ("peftline", "stock_trl", "tuned_trl"))
    limit = statistics.median(limits)
    table = Table(
        "", "tokens/s", "peak GiB", "held-out loss", title=f"quantization: {quantization}"
    )
    for name, found in results.items():
        gib = found["peak_memory_bytes"] / 2**30
        cells = f"{found['tokens_per_second']:.0f}", f"{gib:.1f}", f"{found['held_out_loss']:.4f}"
        table.add_row(name, *cells)
    console.print(table)
    return {
        "speedup_vs_stock_trl": ours["tokens_per_second"] / stock["tokens_per_second"],
        "speedup_vs_tuned_trl": ours["tokens_per_second"] / tuned["tokens_per_second"],
        "fraction_of_gemm_limit": ours["tokens_per_second"] / limit,
        "gemm_limit_tokens_per_second": limit,
        "peak_memory_ratio_vs_stock_trl": ours["peak_memory_bytes"] / stock["peak_memory_bytes"],
        "heldout_loss_difference": ours["held_out_loss"] / stock["held_out_loss"] - 1,
        "contenders": results,
    }


def main() -> None:
    """Run it all; print tables, write one file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--source", default="tool_calls", help="any data source of the project")
    parser.add_argument("--steps", type=int, default=10, help="of 4 rows each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("data/08_reporting/benchmark.json"))
    given = parser.parse_args()
    console = Console()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # all on the same device
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, given.source, BATCH_SIZE * given.steps)
        recipes = {"lora": "none", "qlora": "nf4"}
        found: dict[str, Any] = {
            recipe: compare(folder, quantization, given.rounds, console)
            for recipe, quantization in recipes.items()
        }
        weights = {name: linear_weight_bytes(folder, kind) for name, kind in recipes.items()}
        found["qlora"]["linear_weights_vs_lora"] = weights["qlora"] / weights["lora"]
        found["generation"] = {
            str(dtype).removeprefix("torch."): generation(
                folder, folder / "peftline-none", given.rounds, dtype
            )
            for dtype in dict.fromkeys((torch.float32, hardware.compute_dtype()))
        }
    found["generation_speedup"] = found["generation"]["float32"]["speedup"]
    found["settings"] = {"source": given.source, "steps": given.steps, "rounds": given.rounds}
    store.write_text(given.out, json.dumps(found, indent=2))
    for recipe in recipes:
        console.print(recipe, {k: v for k, v in found[recipe].items() if k != "contenders"})
    console.print("generation", found["generation"])
    console.print(f"Written: {given.out}")


if __name__ == "__main__":
    main()
