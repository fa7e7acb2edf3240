"""The code that MLflow stores with an adapter and runs to load it; it stands alone."""

import json
import os
from pathlib import Path
from typing import Any

import mlflow
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer


class AdapterModel(mlflow.pyfunc.PythonModel):
    """Base and adapter; takes prompts, gives greedy answers."""

    def load_context(self, context: Any) -> None:
        """Open the base in the folder it was trained on (or in PEFTLINE_BASE_MODEL).

        Never by its name from the hub: that may be another copy, or somebody else's model.
        """
        facts = json.loads(Path(context.artifacts["base_model"]).read_text(encoding="utf-8"))
        base = os.environ.get("PEFTLINE_BASE_MODEL", facts["path"])
        if not Path(base).is_dir():
            raise FileNotFoundError(
                f"{base}: the base model ({facts['id']}) is not there. Set PEFTLINE_BASE_MODEL to "
                "the folder that has it."
            )
        adapter = context.artifacts["adapter"]
        self.tokenizer = AutoTokenizer.from_pretrained(adapter)
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto", use_safetensors=True)
        self.model = _open(model, Path(adapter)).eval()

    def predict(self, model_input: list[str], params: dict[str, Any] | None = None) -> list[str]:
        """Answer prompts, in the template that the adapter was trained with."""
        return [self._answer(prompt, params or {}) for prompt in model_input]

    def _answer(self, prompt: str, params: dict[str, Any]) -> str:
        text = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], add_generation_prompt=True, tokenize=False
        )
        # Some templates write the beginning-of-sequence token themselves.
        begun = bool(self.tokenizer.bos_token) and text.startswith(self.tokenizer.bos_token)
        inputs = self.tokenizer(text, add_special_tokens=not begun, return_tensors="pt")
        with torch.inference_mode():
            out = self.model.generate(
                **inputs,
                max_new_tokens=int(params.get("max_new_tokens", 128)),
                do_sample=False,
                pad_token_id=self.tokenizer.pad_token_id,
            )
        new = out[0, inputs["input_ids"].shape[1] :]
        return self.tokenizer.decode(new, skip_special_tokens=True)


def _open(model: Any, adapter: Path) -> Any:
    """The base with the adapter; one that PEFT does not know needs Peftline to be installed."""
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    if config["peft_type"].startswith("PEFTLINE"):
        from peftline import load_adapter

        return load_adapter(model, adapter)
    return PeftModel.from_pretrained(model, adapter)


mlflow.models.set_model(AdapterModel())
