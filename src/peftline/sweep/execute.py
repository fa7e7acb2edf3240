"""Bring points to their end: what was run before is read, the rest is run now."""

import json
import math
import shutil
from pathlib import Path
from threading import Lock
from typing import Any

from omegaconf import OmegaConf

from peftline import capabilities, store
from peftline.sweep import inputs as starts
from peftline.sweep import launch
from peftline.sweep.inputs import Inputs
from peftline.sweep.launch import Ended, Launcher, why
from peftline.sweep.point import LOSS, Point, Result
from peftline.sweep.record import Record


class Executor:
    """Completes the points of one sweep."""

    def __init__(
        self,
        folder: Path,
        experiment: str,
        inputs: Inputs,
        record: Record,
        launcher: Launcher | None = None,
        retry_failed: bool = False,
    ) -> None:
        """Args:
        folder: of the sweep.
        experiment: its name; that of a point is this and its hash.
        launcher: not needed where only keys are asked for.
        retry_failed: run points again that have failed in former sittings.
        """
        self._folder, self._experiment, self._inputs = folder, experiment, inputs
        self._record, self._launcher, self._retry_failed = record, launcher, retry_failed
        self._claims: dict[str, Lock] = {}
        self._changing = Lock()

    def complete(self, point: Point) -> Result:
        """The outcome of a point. A run that fails is an outcome too.

        Raises:
            InterruptedError: the sweep was stopped.
        """
        missing = self._missing_parts(point)
        if missing:
            key = store.short_hash(point.model_dump())
            reason = f"it is made of {', '.join(missing)}, of which there is no finished run"
            failed = {"status": "failed", "error": reason, "hash": key, "folder": key}
            result = Result(**point.model_dump() | failed)
            self._record.add(result, keep=False)  # the part may be there in the next sitting
            return result
        changed = self._changes(point)
        waiting = self._waiting(point, changed)
        with self._claim(waiting.hash):
            result = self._record.outcome(waiting) or self._left_behind(waiting)
            if result is None or (self._retry_failed and result.status == "failed"):
                self._record.add(waiting)
                result = self._run(waiting, changed)
            # Settings that say what the file says as well have the same hash as none.
            result = result.model_copy(update={"settings": point.settings})
            self._record.add(result)
        return result

    def key(self, point: Point) -> str:
        """The hash that a point has now.

        Raises:
            PeftlineError: it can no longer be run.
        """
        return self._waiting(point, self._changes(point)).hash

    def stop(self) -> None:
        """End what runs, in order, and start nothing more."""
        self._launcher.stop()

    def _claim(self, key: str) -> Lock:
        """One run at a time for each hash: settings may differ in what rounding takes away."""
        with self._changing:
            return self._claims.setdefault(key, Lock())

    def _left_behind(self, point: Result) -> Result | None:
        """The outcome of a run that went on when its sweep had been killed."""
        ended = launch.ended(self._folder / point.folder)
        return ended and self._outcome(point, ended)

    def _run(self, point: Result, changed: dict[str, Any]) -> Result:
        ended = self._launcher.run(
            self._folder / point.folder,
            self._arguments(point, changed),
            {"sweep": self._experiment, "stage": point.stage, "point": point.hash},
        )
        return self._outcome(point, ended)

    def _outcome(self, point: Result, ended: Ended) -> Result:
        folder = self._folder / point.folder
        facts: dict[str, Any] = {"seconds": round(ended.seconds, 1)}
        if ended.code:
            facts |= {"status": "failed", "error": why(folder / "log.txt", ended.code)}
        else:
            facts |= _measured(point, folder, self._inputs)
            _tidy(point, folder, self._inputs.recipes[point.recipe]["adapter"])
        return point.model_copy(update=facts)

    def _arguments(self, point: Result, changed: dict[str, Any]) -> dict[str, Any]:
        """Of `kedro run`: a tuning run ends before the test split is answered."""
        params: dict[str, Any] = {
            "experiment": f"{self._experiment}/{point.folder}",
            "seed": point.seed,
            point.recipe: changed,
        }
        last = ["train", "plot"]
        if point.stage == "tuning" and self._inputs.selection != LOSS:
            last.append("validate_answers")
            params["evaluation"] = {"validation": True}
        others = set(self._inputs.recipes) - {point.recipe}  # whose parameters this run refuses
        shared = {key: one for key, one in self._inputs.params.items() if key not in others}
        arguments: dict[str, Any] = {
            "pipelines": point.recipe,
            "params": OmegaConf.to_container(OmegaConf.merge(shared, params)),
        }
        if point.stage == "tuning":
            arguments["to_nodes"] = ",".join(f"{point.recipe}.{node}" for node in last)
        if self._inputs.environment:
            arguments["env"] = self._inputs.environment
        return arguments

    def _changes(self, point: Point) -> dict[str, Any]:
        return starts.changes(point, self._inputs, self._adapters(point.seed))

    def _waiting(self, point: Point, changed: dict[str, Any]) -> Result:
        key = starts.key(point, changed, self._inputs)
        facts = {name: getattr(point, name) for name in Point.model_fields}  # of results too
        return Result(**facts, hash=key, folder=key)

    def _missing_parts(self, point: Point) -> list[str]:
        """Recipes that a point is made of and that have left no adapter."""
        names = starts.part_names(self._inputs.recipes[point.recipe])
        there = self._adapters(point.seed)
        return [name for name in names if name in self._inputs.recipes and name not in there]

    def _adapters(self, seed: int) -> dict[str, Path]:
        """What this sweep has trained whole, by recipe."""
        return {
            recipe: self._folder / one.folder / "06_models" / _place(one) / "adapter"
            for recipe, one in self._record.finals(seed).items()
        }


def _measured(point: Result, folder: Path, inputs: Inputs) -> dict[str, Any]:
    """What a run has left. One about other data than the sweep's is a failure."""
    selection = inputs.selection
    changed = [
        file
        for file, sha256 in (
            ("03_primary/splits.json", inputs.tokenised.data_sha256),
            ("06_models/base/base_model.json", inputs.base.sha256),
        )
        if json.loads((folder / file).read_text("utf-8"))["sha256"] != sha256
    ]
    if changed:
        return {"status": "failed", "error": f"changed while the sweep ran: {', '.join(changed)}"}
    history = json.loads((folder / f"08_reporting/{_place(point)}/history.json").read_text("utf-8"))
    facts = {name: history[name] for name in ("train_seconds", "steps")}
    score = history["validation_loss"]
    if point.stage == "tuning" and selection != LOSS:
        file = folder / f"07_model_output/{_place(point)}/validation_metrics.json"
        metrics = json.loads(file.read_text("utf-8"))
        score = metrics[selection]["value"]
    if point.stage == "final" and selection != LOSS:  # its validation split was not answered
        return facts | {"status": "finished"}
    if score is None or not math.isfinite(score):
        error = f"the {selection.replace('_', ' ')} is no number: the training diverged"
        return facts | {"status": "failed", "error": error}
    return facts | {"status": "finished", "score": score}


def _tidy(point: Result, folder: Path, adapter: dict[str, Any]) -> None:
    """Remove models that can be spared: those of tuning, and merged ones, which adapters give."""
    models = folder / "06_models" / _place(point)
    if point.stage == "tuning":
        shutil.rmtree(models, ignore_errors=True)
    elif capabilities.delivers(adapter) != "model":
        shutil.rmtree(models / "merged", ignore_errors=True)


def _place(point: Point) -> str:
    return f"{point.recipe}/seed-{point.seed}"
