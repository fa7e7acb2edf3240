"""Supervised fine-tuning on TRL's trainer, with the head only where there is loss."""

from typing import Any

import torch
from datasets import Dataset
from pyarrow import compute
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint
from transformers.trainer_pt_utils import LengthGroupedSampler
from trl import SFTTrainer

from peftline.objectives.order import ShuffledSteps
from peftline.rendering.render import IGNORED

# Supervised positions that pass the head at once: 1024 x 49,152 float32 logits are 200 MB.
_CHUNK = 1024
# Models that scale or cap their logits take TRL's own way through the head.
_LOGIT_TRANSFORMS = (
    "final_logit_softcapping",
    "logit_scale",
    "output_multiplier",
    "lm_head_multiplier",
    "logits_scaling",
)


class SupervisedTokensTrainer(SFTTrainer):
    """`SFTTrainer` that computes logits at supervised positions only.

    On a CPU, TRL 1.16 projects every position, prompts and padding included, onto the vocabulary,
    and computes entropy and accuracy besides; with short answers that is most of a step. The sum
    of the token losses and its gradients are the same.

    Every supervised token weighs the same, in whichever step it comes. Rows of like length share
    a step, and a mean over each step's own tokens would give those of short answers several times
    the weight: refusals of 8 tokens, then 18 % of the rows, became the answer to every request.
    Logged losses are means over the tokens of the steps since the last log.
    """

    loss_is_scaled_for_ga = True  # one divisor for all micro-batches of a step, see below

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Args: those of `SFTTrainer`; the data sets have tokenised rows with `labels`."""
        super().__init__(*args, **kwargs)
        self._train_tokens_per_row = supervised_tokens_per_row(self.train_dataset)
        self._validation_tokens_per_row = supervised_tokens_per_row(self.eval_dataset)
        self._logged = (0.0, 0)

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> torch.Tensor:
        """What the sum of a step's token losses is divided by: the same for every step."""
        rows = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return torch.tensor(rows * self._train_tokens_per_row, device=device)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        sampler = super()._get_train_sampler(train_dataset)
        if isinstance(sampler, LengthGroupedSampler):
            return ShuffledSteps(sampler.batch_size, sampler.lengths, self.args.seed)
        return sampler

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Sum of the token losses, divided by `num_items_in_batch`.

        Without it: their mean while training; divided by the number that so many validation rows
        have on average while evaluating, so that the trainer's mean over rows is the mean over
        all tokens of the validation split, whatever the batches. Models that transform their
        logits take TRL's own way, with a mean for each batch.
        """
        causal_lm = _causal_lm(self.accelerator.unwrap_model(model))
        config = causal_lm.config.get_text_config()
        if return_outputs or any(getattr(config, name, None) for name in _LOGIT_TRANSFORMS):
            with _autocast(causal_lm):
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        total, count = batch_loss(causal_lm, inputs)
        items = num_items_in_batch
        if model.training:
            self._logged = (self._logged[0] + total.detach(), self._logged[1] + count)
            items = count if items is None else items
        elif items is None:
            items = len(inputs["labels"]) * self._validation_tokens_per_row
        return total / torch.as_tensor(items, device=total.device).clamp(min=1)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the loss per token of the steps since the last log, whatever their divisor."""
        total, count = self._logged
        if "loss" in logs and count:
            logs["loss"] = float(total / count)
            self._logged = (0.0, 0)
        super().log(logs, start_time)


def batch_loss(causal_lm: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of a batch's token losses and their number.

    Args:
        causal_lm: the model with its head, not wrapped.
        inputs: `input_ids`, `attention_mask` and `labels`, each (rows, positions).
    """
    with _autocast(causal_lm):
        hidden = causal_lm.base_model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            use_cache=False,
        ).last_hidden_state
        return supervised_loss(hidden, inputs["labels"], causal_lm.get_output_embeddings())


def supervised_tokens_per_row(dataset: Dataset | None) -> float:
    """How many tokens of a row carry loss, on average; 0 without rows."""
    if not dataset:
        return 0.0
    labels = (table["labels"] for table in dataset.with_format("arrow").iter(1000))
    carry = (compute.not_equal(compute.list_flatten(column), IGNORED) for column in labels)
    return sum(compute.sum(one).as_py() or 0 for one in carry) / len(dataset)


def supervised_loss(
    hidden: torch.Tensor, labels: torch.Tensor, head: torch.nn.Module
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of the next-token losses and their number.

    Args:
        hidden: (rows, positions, width), the last hidden states.
        labels: (rows, positions); `IGNORED` where there is no loss.
        head: projects hidden states onto the vocabulary.
    """
    targets = labels[:, 1:]
    keep = targets != IGNORED
    hidden, targets = hidden[:, :-1][keep], targets[keep]

    def chunk_loss(states: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return cross_entropy(head(states).float(), wanted, reduction="sum")

    total = hidden.sum().float() * 0.0  # keeps the graph where a batch has no supervised token
    if targets.numel() <= _CHUNK:
        return total + chunk_loss(hidden, targets), keep.sum()
    for states, wanted in zip(hidden.split(_CHUNK), targets.split(_CHUNK), strict=True):
        total = total + checkpoint(chunk_loss, states, wanted, use_reentrant=False)
    return total, keep.sum()


def _causal_lm(model: torch.nn.Module) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _autocast(model: Any) -> torch.autocast:
    """Adapters are float32; beside a 16-bit base they multiply in the base's type."""
    dtype = getattr(model.config, "dtype", None) or model.dtype
    device = next(model.parameters()).device.type
    return torch.autocast(device, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)
