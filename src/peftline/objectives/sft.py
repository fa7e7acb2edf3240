"""Supervised fine-tuning on TRL's trainer, with the head only where there is loss."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.utils.data import Sampler
from trl import SFTTrainer

from peftline.base_model.hardware import autocast
from peftline.objectives.micro_batches import parts
from peftline.objectives.order import ShuffledRows, ShuffledSteps
from peftline.objectives.token_losses import BatchLoss, losses
from peftline.speed import Speed, packing
from peftline.speed.layers import causal_lm_of


class TokensPerRow(NamedTuple):
    """How many of a row's tokens carry loss, on average."""

    train: float
    validation: float


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
        tokens_per_row: TokensPerRow,
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
        self._train_tokens_per_row, self._validation_tokens_per_row = tokens_per_row
        self._logged = (0.0, 0)
        self._step_tokens = 0

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
        self._step_tokens = int(inputs["attention_mask"].sum())
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
        """Sum of the token losses, divided by `num_items_in_batch`; in training a router's besides.

        Without that number: their mean while training; divided by the number that so many
        validation rows have on average while evaluating, so that the trainer's mean over rows is
        the mean over all tokens of the validation split, whatever the batches.
        """
        unwrapped = self.accelerator.unwrap_model(model)
        # While training, `training_step` has divided the batch already.
        loss_of = self._of_part if model.training else self._of_parts
        total, tokens, router = loss_of(unwrapped, inputs)
        items = num_items_in_batch
        if model.training:
            self._count(total, tokens)
            items = tokens if items is None else items
        elif items is None:
            items = len(inputs["labels"]) * self._validation_tokens_per_row
        loss = total / torch.as_tensor(items, device=total.device).clamp(min=1)
        if router is not None:
            loss = loss + router * self._share(inputs) / self.args.gradient_accumulation_steps
        if not return_outputs:
            return loss
        with torch.no_grad(), autocast(causal_lm_of(unwrapped)):
            named = {name: inputs[name] for name in ("input_ids", "attention_mask")}
            return loss, unwrapped(**named, use_cache=False)

    def _of_part(self, model: Any, inputs: dict[str, Any], router: bool = True) -> BatchLoss:
        return losses(model, inputs, self._speed.supervised_head, router)

    def _of_parts(self, model: Any, inputs: dict[str, Any]) -> BatchLoss:
        """Of the tokens alone, with no more of them at once than in training."""
        split = parts(inputs, self._speed.micro_batch_tokens)
        found = [self._of_part(model, part, router=False) for part in split]
        return BatchLoss(*(sum(one[at] for one in found) for at in range(2)))

    def _share(self, part: dict[str, Any]) -> float | torch.Tensor:
        """Of a part in the tokens of its step: by it the losses of routers, which are means, add
        up to a mean."""
        return part["attention_mask"].sum() / self._step_tokens if self._step_tokens else 1.0

    def _count(self, total: torch.Tensor, tokens: torch.Tensor) -> None:
        self._logged = (self._logged[0] + total.detach(), self._logged[1] + tokens)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the loss per token of the steps since the last log, whatever their divisor."""
        total, count = self._logged
        if "loss" in logs and count:
            logs["loss"] = float(total / count)
            self._logged = (0.0, 0)
        super().log(logs, start_time)
