"""EVA: a LoRA that looks where its layers' inputs vary."""

from collections.abc import Iterable
from itertools import count, islice
from typing import TYPE_CHECKING

from peftline.adapters.plan import Batch
from peftline.errors import PeftlineError

if TYPE_CHECKING:
    from peft import PeftModel

_BATCHES = 256  # that are looked at; directions settle after a few dozen
_PASSES = 20  # over them; PEFT itself knows no end


def fill(model: "PeftModel", batches: Iterable[Batch]) -> None:
    """Give A the directions in which the layers' inputs vary most (Paischer et al. 2024,
    arXiv:2410.07170; `peft.initialize_lora_eva_weights`).

    Args:
        model: LoRA with an `EvaConfig`.
        batches: of training rows.

    Raises:
        PeftlineError: there are no rows, or the directions do not settle.
    """
    from peft import initialize_lora_eva_weights

    from peftline.base_model.hardware import autocast

    looked_at = list(islice(batches, _BATCHES))
    if not looked_at:
        raise PeftlineError("adapter.initialization=eva looks at training rows; there are none.")
    passes = count()

    def forward(wrapped: "PeftModel", batch: dict) -> None:
        """Without the head, which no layer needs."""
        if next(passes) >= _PASSES * len(looked_at):
            raise PeftlineError(
                f"adapter.initialization=eva: after {_PASSES} passes over {len(looked_at)} "
                "batches of training rows the directions of the layers' inputs still change. Give "
                "it more rows, or lower adapter.rank or adapter.eva_rho."
            )
        causal_lm = wrapped.get_base_model()
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
        with autocast(causal_lm):
            causal_lm.base_model(**inputs, use_cache=False)

    initialize_lora_eva_weights(model, looked_at, forward_fn=forward)
