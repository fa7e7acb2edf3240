"""Peak memory of every stage of a run, each in a fresh process, beside the size of the base's file.

    python benchmarks/stages.py                          # a random Llama of 1.04 billion parameters
    python benchmarks/stages.py --source=smollm2
    python benchmarks/stages.py --stages merge latency --dtype=auto --out=stages.json

A random model costs what a trained one costs. It is written as bfloat16 safetensors in shards to a
temporary folder, and read from there. Of each stage the memory before anything is loaded is taken
off. `private` leaves out pages of mapped files, which the system takes back when it needs them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

_ROWS, _BATCH_TOKENS, _NEW_TOKENS = 4, 512, 8
_SHARD_SIZE = "500MB"
# Llama 3.2 1B's layers, with a smaller vocabulary: 1.04 billion parameters, 2.08 GB in bfloat16.
_SHAPE = {
    "vocab_size": 32768,
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
}
_TEXT = "A general text that has little to do with sums.\n\nIt has a second paragraph, no more.\n"


def random_base(folder: Path) -> Path:
    """A Llama of random weights in shards, with the byte-level tokenizer of the tests' model."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from peftline.base_model import tiny

    tokenizer = tiny.load()[1]
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    config = LlamaConfig(**_SHAPE, eos_token_id=tokenizer.eos_token_id, bos_token_id=None)
    LlamaForCausalLM(config).save_pretrained(folder, max_shard_size=_SHARD_SIZE)
    torch.set_default_dtype(torch.float32)
    tokenizer.save_pretrained(folder)
    return folder


class Inputs:
    """What the stages read, made once."""

    def __init__(self, folder: Path, source: str, dtype: str) -> None:
        """Args:
        folder: everything is below it.
        source: of the base, as `base_model.source`.
        dtype: as `evaluation.dtype`.
        """
        from peftline import formats, jsonl
        from peftline.base_model.materialise import materialise
        from peftline.formats import alpaca
        from peftline.handles import Splits
        from peftline.recipe import Recipe
        from peftline.rendering.tokenise import tokenise
        from peftline.schema import BaseModelSource, Evaluation, Rendering

        self.folder, self.adapter = folder, folder / "adapter"
        self.base = materialise(BaseModelSource(source=source), folder)
        rows = [
            formats.read({"instruction": f"Add {i} and {i + 1}.", "output": f"{2 * i + 1}"}, alpaca)
            for i in range(3 * _ROWS)
        ]
        sides = {"train": rows[:_ROWS], "validation": rows[_ROWS:-_ROWS], "test": rows[-_ROWS:]}
        for side, part in sides.items():
            jsonl.write(folder / f"{side}.jsonl", (row.model_dump() for row in part))
        counts = {side: len(part) for side, part in sides.items()}
        self.splits = Splits(path=folder, sha256="sums", format="alpaca", **counts)
        (folder / "text.txt").write_text(_TEXT, encoding="utf-8")
        self.rendering = Rendering()
        self.evaluation = Evaluation(
            dtype=dtype,
            max_new_tokens=_NEW_TOKENS,
            batch_tokens=_BATCH_TOKENS,
            few_shot=0,
            general_text=folder / "text.txt",
        )
        self.tokenised = tokenise(self.splits, self.base, self.rendering, folder)
        self.recipe = Recipe(
            adapter={"type": "lora", "rank": 16, "alpha": 32},
            quantization={"type": "nf4"},
            training={"max_steps": 2, "batch_size": _ROWS, "evaluations": 1, "checkpoints": 1},
        )

    def trained(self) -> Any:
        """The adapter that the stage `training` has left."""
        from peftline.delivery import adapter

        return adapter.describe(self.adapter)

    @property
    def asked(self) -> tuple[Any, ...]:
        """What scoring takes."""
        return self.base, self.trained(), self.splits, self.rendering, self.evaluation


def preflight(inputs: Inputs) -> None:
    """What the preflight predicts for the stages."""
    import torch

    from peftline.preflight.probe import probe
    from peftline.preflight.stages import predict

    seen = probe(inputs.recipe, inputs.base, inputs.tokenised, 1, torch.bfloat16)
    predicted = predict(
        inputs.recipe,
        inputs.base,
        inputs.splits,
        inputs.tokenised,
        inputs.evaluation,
        seen["predicted_memory_bytes"],
        seen["adapter_bytes"],
    )
    (inputs.folder / "predicted.json").write_text(json.dumps(predicted["stages"]))


def train(inputs: Inputs) -> None:
    """LoRA on the base in four bits."""
    from peftline.delivery import adapter
    from peftline.fine_tune import fine_tune

    trained, _ = fine_tune(
        recipe=inputs.recipe,
        name="qlora",
        base=inputs.base,
        tokenised=inputs.tokenised,
        seed=1,
        input_hash="0" * 64,
        checkpoints=inputs.folder / "checkpoints",
    )
    adapter.save(trained, inputs.adapter)


def score_base(inputs: Inputs) -> None:
    """The untouched base, zero-shot."""
    from peftline.evaluation import base

    base.score_base(
        inputs.base, inputs.splits, inputs.rendering, inputs.evaluation, inputs.folder / "scored"
    )


def score_adapter(inputs: Inputs) -> None:
    """The adapter as it is delivered."""
    from peftline.evaluation import answers

    answers.score_trained(*inputs.asked)


def score_quantized(inputs: Inputs) -> None:
    """The adapter on the base that it was trained on."""
    from peftline.evaluation import answers

    answers.score_beside(*inputs.asked, inputs.recipe.quantization)


def measure_forgetting(inputs: Inputs) -> None:
    """Two paragraphs, read before and after training."""
    from peftline.base_model import hardware
    from peftline.evaluation import forgetting

    dtype = hardware.scoring_dtype(inputs.evaluation.dtype, delivered=False)
    text = inputs.evaluation.general_text
    forgetting.measure(inputs.base, inputs.trained(), text, dtype, inputs.folder / "forgetting")


def measure_latency(inputs: Inputs) -> None:
    """Beside the base and merged."""
    from peftline.base_model import hardware
    from peftline.evaluation import latency

    latency.measure(*inputs.asked[:-1], hardware.scoring_dtype(inputs.evaluation.dtype))


def merge(inputs: Inputs) -> None:
    """Merged, verified and saved."""
    from peftline.base_model import hardware
    from peftline.delivery import merge as delivery
    from peftline.delivery import model

    dtype = hardware.scoring_dtype(inputs.evaluation.dtype)
    merged, _ = delivery.merge(*inputs.asked[:-1], dtype)
    model.save(merged, inputs.folder / "merged")


STAGES: dict[str, Callable[[Inputs], None]] = {
    "preflight": preflight,
    "training": train,
    "base": score_base,
    "adapter": score_adapter,
    "quantized": score_quantized,
    "forgetting": measure_forgetting,
    "latency": measure_latency,
    "merge": merge,
}


# As the preflight calls them.
_PREDICTED = {"adapter": "scoring", "quantized": "scoring beside the base"}


def measure(stage: str, folder: Path, source: str, dtype: str) -> dict[str, Any]:
    """Peak memory of a stage in this process, less that before it, in bytes; and its seconds."""
    import bitsandbytes
    import peft
    import torch
    import trl

    from peftline.memory import PeakMemory, release

    inputs = Inputs(folder, source, dtype)
    release()
    with PeakMemory() as before:
        pass
    begin = time.perf_counter()
    with PeakMemory() as peak:
        STAGES[stage](inputs)
    told = folder / "predicted.json"
    predicted = json.loads(told.read_text()) if told.exists() else {}
    weights = sum(file.stat().st_size for file in inputs.base.path.glob("*.safetensors"))
    versions = [module.__version__ for module in (torch, peft, trl, bitsandbytes)]
    return {
        "stage": stage,
        "peak_bytes": peak.bytes - before.bytes,
        "private_bytes": peak.unmapped_bytes - before.unmapped_bytes,
        "predicted_bytes": predicted.get(_PREDICTED.get(stage, stage), {}).get("bytes"),
        "file_bytes": weights,
        "seconds": round(time.perf_counter() - begin, 1),
        "dtype": dtype,
        "versions": versions,
    }


def main() -> None:
    """Measure stage by stage, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default="random", help="random, smollm2, tiny or a folder")
    parser.add_argument("--dtype", default="bfloat16", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--stages", nargs="+", default=list(STAGES), choices=list(STAGES))
    parser.add_argument("--folder", type=Path, help="where files lie, and stay")
    parser.add_argument("--out", type=Path, help="a JSON file for the figures")
    parser.add_argument("--here", choices=list(STAGES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        found = measure(options.here, options.folder, options.source, options.dtype)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        source = options.source
        if source == "random":
            source = str(folder / "random")
            if not Path(source).exists():
                random_base(Path(source))
        wanted = options.stages
        if not (folder / "adapter").exists():  # all others read the adapter
            wanted = ["training", *(stage for stage in wanted if stage != "training")]
        if "preflight" in wanted:  # says what the others are compared with
            wanted = ["preflight", *(stage for stage in wanted if stage != "preflight")]
        found = [_in_a_process(stage, folder, source, options.dtype) for stage in wanted]
    if options.out:
        options.out.write_text(json.dumps(found, indent=2), encoding="utf-8")


def _in_a_process(stage: str, folder: Path, source: str, dtype: str) -> dict[str, Any]:
    command = [sys.executable, __file__, f"--here={stage}", f"--folder={folder}"]
    command += [f"--source={source}", f"--dtype={dtype}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    found = json.loads(done.stdout.splitlines()[-1])
    peak, private, whole = (found[f"{name}_bytes"] for name in ("peak", "private", "file"))
    print(
        f"{stage:<12} {peak / 1e9:6.2f} GB at the peak ({peak / whole:.2f} x the file), private "
        f"{private / 1e9:6.2f} GB ({private / whole:.2f} x), predicted "
        f"{(found['predicted_bytes'] or 0) / 1e9:6.2f} GB, {found['seconds']:.1f} s",
        flush=True,
    )
    return found


if __name__ == "__main__":
    main()
