"""Supervised fine-tuning on TRL's trainer, with the head only where there is loss."""

from collections.abc import Callable
from typing import Any

import torch
from datasets import Dataset
from pyarrow import compute
from torch.nn.functional import cross_entropy
from torch.utils.data import Sampler
from trl import SFTTrainer

from peftline.base_model.hardware import autocast
from peftline.labels import IGNORED
from peftline.objectives.micro_batches import parts
from peftline.objectives.order import ShuffledRows, ShuffledSteps
from peftline.speed import Speed, head, packing
from peftline.speed.layers import causal_lm_of, is_prompt_learning, replaced


class SupervisedTokensTrainer(SFTTrainer):
    """`SFTTrainer` that computes logits at supervised positions only.

    On a CPU, TRL 1.16 projects every position, prompts and padding included, onto the vocabulary,
    and computes entropy and accuracy besides; with short answers that is most of a step. The sum
    of the token losses and its gradients are the same.

    Every supervised token weighs the same, in whichever step it comes. A mean over each step's own
    tokens would give those of steps with short answers several times the weight: refusals of 8
    tokens, then 18 % of the rows, became the answer to every request. Logged losses are means over
    the tokens of the steps since the last log.
    """

    loss_is_scaled_for_ga = True  # one divisor for all parts of a step, see below

    def __init__(
        self,
        *args: Any,
        tokens_per_row: float,
        speed: Speed | None = None,
        penalty: Callable[[], torch.Tensor] | None = None,
        rate: Callable[[int], float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Args:
        args, kwargs: those of `SFTTrainer`; the data sets have tokenised rows with `labels`.
        tokens_per_row: supervised ones, on average over the training rows; known since they were
            tokenised, while counting would read all labels into memory.
        speed: shortcuts.
        penalty: a scalar whose gradients are added to those of each step; no part of the losses
            that are logged.
        rate: factor of the schedule's rate by the number of steps that are done.
        """
        super().__init__(*args, **kwargs)
        self._speed = speed or Speed()
        self._penalty = penalty
        self._rate = rate
        self._train_tokens_per_row = tokens_per_row
        self._validation_tokens_per_row = supervised_tokens_per_row(self.eval_dataset)
        self._logged = (0.0, 0)

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> torch.Tensor:
        """What the sum of a step's token losses is divided by: the same for every step."""
        rows = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return torch.tensor(rows * self._train_tokens_per_row, device=device)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler:
        if self.args.train_sampling_strategy != "group_by_length":
            return super()._get_train_sampler(train_dataset)
        rows = self.train_dataset if train_dataset is None else train_dataset
        if packing.is_packed(causal_lm_of(self.model)):
            return ShuffledRows(len(rows), self.args.seed)
        return ShuffledSteps(self.args.train_batch_size, list(rows["length"]), self.args.seed)

    def _save(self, *args: Any, **kwargs: Any) -> None:
        """Write a checkpoint, and leave the configuration alone.

        transformers 5.23 writes the type of the weights into it as a text, by which autocast would
        be off for the rest of the run.
        """
        config = causal_lm_of(self.model).config
        dtype = config.dtype
        super()._save(*args, **kwargs)
        config.dtype = dtype

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The schedule, times `rate`."""
        schedule = super().create_scheduler(num_training_steps, optimizer)
        if self._rate is not None:
            rate = self._rate
            schedule.lr_lambdas = [
                lambda step, usual=usual: usual(step) * rate(step) for usual in schedule.lr_lambdas
            ]
        return schedule

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Add up the gradients of a step's parts, as many as its tokens need."""
        total = 0.0
        for part in parts(inputs, self._speed.micro_batch_tokens):
            total = total + super().training_step(model, part, num_items_in_batch)
        if self._penalty is not None:
            self.accelerator.backward(self._penalty())
        return total

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
        logits take TRL's own way.
        """
        unwrapped = self.accelerator.unwrap_model(model)
        causal_lm = causal_lm_of(unwrapped)
        plain = self._speed.supervised_head and head.is_last(causal_lm)
        if return_outputs or not plain:
            with autocast(causal_lm):
                loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            if model.training and num_items_in_batch is not None and not return_outputs:
                carry = (inputs["labels"][:, 1:] != IGNORED).sum()
                self._count(loss * num_items_in_batch, carry)
            return loss
        # While training, `training_step` has divided the batch already.
        loss_of = batch_loss if model.training else self._in_parts
        total, count = loss_of(unwrapped, inputs)
        items = num_items_in_batch
        if model.training:
            self._count(total, count)
            items = count if items is None else items
        elif items is None:
            items = len(inputs["labels"]) * self._validation_tokens_per_row
        return total / torch.as_tensor(items, device=total.device).clamp(min=1)

    def _in_parts(self, model: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """As `batch_loss`, with no more tokens at once than in training."""
        found = [batch_loss(model, p) for p in parts(inputs, self._speed.micro_batch_tokens)]
        totals, counts = zip(*found, strict=True)
        return torch.stack(totals).sum(), torch.stack(counts).sum()

    def _count(self, total: torch.Tensor, tokens: torch.Tensor) -> None:
        self._logged = (self._logged[0] + total.detach(), self._logged[1] + tokens)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the loss per token of the steps since the last log, whatever their divisor."""
        total, count = self._logged
        if "loss" in logs and count:
            logs["loss"] = float(total / count)
            self._logged = (0.0, 0)
        super().log(logs, start_time)


def batch_loss(model: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of a batch's token losses and their number.

    Args:
        model: a causal model, or one that PEFT has wrapped.
        batch: `input_ids`, `attention_mask` and `labels`, each (rows, positions).
    """
    causal_lm = causal_lm_of(model)
    if packing.is_packed(causal_lm):
        inputs, labels = packing.flatten(batch)
    else:
        labels = batch["labels"]
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with autocast(causal_lm):
        hidden = _last_states(model, causal_lm, inputs)
        return supervised_loss(hidden, labels, causal_lm.get_output_embeddings())


def _last_states(model: Any, causal_lm: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """(rows, positions, width), without the states of virtual tokens before each row."""
    if not is_prompt_learning(model):
        return causal_lm.base_model(**inputs, use_cache=False).last_hidden_state
    # PEFT adds virtual tokens in its own forward alone, which ends with the head.
    with replaced([causal_lm.get_output_embeddings()], lambda _: lambda states: states):
        states = model(**inputs, use_cache=False).logits
    return states[:, -inputs["input_ids"].shape[1] :]


def supervised_tokens_per_row(dataset: Dataset | None) -> float:
    """How many tokens of a row carry loss, on average; 0 without rows."""
    if not dataset:
        return 0.0
    labels = (table["labels"] for table in dataset.with_format("arrow").iter(1000))
    carry = (compute.not_equal(compute.list_flatten(column), IGNORED) for column in labels)
    return sum(compute.sum(one).as_py() or 0 for one in carry) / len(dataset)


def supervised_loss(
    hidden: torch.Tensor, labels: torch.Tensor, projection: torch.nn.Module
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of the next-token losses and their number.

    Args:
        hidden: (rows, positions, width), the last hidden states.
        labels: (rows, positions); `IGNORED` where there is no loss.
        projection: the head; projects hidden states onto the vocabulary.
    """
    targets = labels[:, 1:]
    keep = targets != IGNORED
    hidden, targets = hidden[:, :-1][keep], targets[keep]
    if head.is_frozen(projection):
        return head.FrozenHeadLoss.apply(hidden, targets, projection), keep.sum()
    total = cross_entropy(projection(hidden).float(), targets, reduction="sum")
    return total + hidden.sum().float() * 0.0, keep.sum()  # keeps the graph without targets
