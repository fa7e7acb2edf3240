"""What happens while a model trains: records of losses and time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

Record = dict[str, float]

_NAMES = {"loss": "train_loss", "eval_loss": "validation_loss"}
_SECONDS = "seconds.txt"
_KEPT = ("train_loss", "validation_loss", "learning_rate", "grad_norm")


class History(TrainerCallback):
    """Collects one record per logging event and shows each to a listener as it happens."""

    def __init__(self, listener: Callable[[Record], None] | None = None) -> None:
        """Args:
        listener: gets every record, for example to send it to a tracking server.
        """
        self.records: list[Record] = []
        self._listener = listener
        self._begin = time.perf_counter()
        self._before = 0.0

    @property
    def seconds(self) -> float:
        """Time since training began, with what a killed run had spent up to its checkpoint."""
        return self._before + time.perf_counter() - self._begin

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Take over what an interrupted run had logged and spent before its checkpoint."""
        self._begin = time.perf_counter()
        spent = Path(args.output_dir) / f"checkpoint-{state.global_step}" / _SECONDS
        self._before = float(spent.read_text()) if spent.exists() else 0.0
        for logs in state.log_history:
            self._add(logs, logs["step"], logs.get("epoch", 0.0))

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Keep the losses of one logging event."""
        self._add(logs or {}, state.global_step, state.epoch or 0.0)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note the time spent, so that a resumed run reports the cost of all of it."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        (folder / _SECONDS).write_text(f"{self.seconds:.3f}")

    def _add(self, logs: dict[str, Any], step: int, epoch: float) -> None:
        if "train_runtime" in logs:  # the closing report; its `train_loss` is the mean of all steps
            return
        named = {_NAMES.get(name, name): value for name, value in logs.items()}
        values = {name: float(named[name]) for name in _KEPT if name in named}
        if values:
            record = {"step": step, "epoch": round(epoch, 4), **values}
            self.records.append(record)
            if self._listener:
                self._listener(record)
