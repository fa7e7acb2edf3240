"""The code that MLflow stores with an adapter and runs to load it; it stands alone."""

import json
from pathlib import Path
from typing import Any

import mlflow
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer


class AdapterModel(mlflow.pyfunc.PythonModel):
    """Base and adapter; takes prompts, gives greedy answers."""

    def load_context(self, context: Any) -> None:
        """Open the base where it was at training time; if it is gone, by its id from the hub."""
        place = json.loads(Path(context.artifacts["base_model"]).read_text(encoding="utf-8"))
        base = place["path"] if Path(place["path"]).is_dir() else place["id"]
        adapter = context.artifacts["adapter"]
        self.tokenizer = AutoTokenizer.from_pretrained(adapter)
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto", use_safetensors=True)
        self.model = PeftModel.from_pretrained(model, adapter).eval()

    def predict(self, model_input: list[str], params: dict[str, Any] | None = None) -> list[str]:
        """Answer prompts that are rendered by the tokenizer's chat template."""
        return [self._answer(prompt, params or {}) for prompt in model_input]

    def _answer(self, prompt: str, params: dict[str, Any]) -> str:
        messages = [{"role": "user", "content": prompt}]
        inputs = self.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            out = self.model.generate(
                **inputs,
                max_new_tokens=int(params.get("max_new_tokens", 128)),
                do_sample=False,
                pad_token_id=self.tokenizer.pad_token_id,
            )
        new = out[0, inputs["input_ids"].shape[1] :]
        return self.tokenizer.decode(new, skip_special_tokens=True)


mlflow.models.set_model(AdapterModel())
