"""Answer test prompts one by one with transformers and peft alone, and count equal answers.

    python benchmarks/reproduce.py data qlora          # adapter on the base, and merged
    python benchmarks/reproduce.py data lora --rows 20

Nothing of this project is imported: what is stored must be usable without it.
"""

import argparse
import json
from pathlib import Path

import torch
from peft import PeftModel
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel


def open_models(models: Path, run: Path) -> dict[str, PreTrainedModel]:
    """The adapter on its base, and the merged model, in float32 as they were scored on a CPU."""
    entry = models / "base" / "base_model.json"
    base = entry.parent / json.loads(entry.read_text(encoding="utf-8"))["path"]
    unmerged = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged = AutoModelForCausalLM.from_pretrained(run / "merged", dtype=torch.float32)
    return {"adapter": PeftModel.from_pretrained(unmerged, run / "adapter"), "merged": merged}


def main() -> None:
    """Print how many stored predictions each model repeats."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", type=Path, help="where results lie: data, or an experiment's")
    parser.add_argument("recipe")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--max-new-tokens", type=int, default=104)
    given = parser.parse_args()
    name = f"{given.recipe}/seed-{given.seed}"
    file = given.root / "07_model_output" / name / "predictions.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()[: given.rows]
    models = given.root / "06_models"
    tokenizer = AutoTokenizer.from_pretrained(models / name / "adapter")
    for kind, model in open_models(models, models / name).items():
        same = 0
        for row in tqdm([json.loads(line) for line in lines], desc=kind):
            inputs = tokenizer.apply_chat_template(
                [{"role": "user", "content": row["prompt"]}],
                add_generation_prompt=True,
                return_tensors="pt",
                return_dict=True,
            )
            with torch.inference_mode():
                out = model.eval().generate(
                    **inputs, max_new_tokens=given.max_new_tokens, do_sample=False
                )
            answer = tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], True)
            same += answer == row["prediction"]
        print(f"{kind}: {same} of {len(lines)} predictions repeated")


if __name__ == "__main__":
    main()
