"""What a sweep leaves on disk: `point.json` in the folder of each point, and `sweep.json`."""

import json
import time
from collections.abc import Callable, Collection
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import ValidationError

from peftline import store
from peftline.errors import PeftlineError
from peftline.sweep.point import FILE, Chosen, Point, Result


class Record:
    """The results of one sweep; safe to use from several threads."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        """Args:
        folder: of the sweep.
        facts: about the sweep as a whole, such as its name.
        """
        self._folder, self._facts = folder, facts
        self._results: dict[str, Result] = {}
        self._chosen: dict[str, Chosen] = {}
        self._valid: dict[str, Result] = {}
        self._lock, self._begin = Lock(), time.monotonic()
        file = folder / FILE
        self._before = json.loads(file.read_text("utf-8")) if file.exists() else {}
        self.parent_run: str | None = self._before.get("parent_run")
        """Of the tracking server, where a former sitting has made one."""

    def take_over(self, recipes: Collection[str], key: Callable[[Point], str]) -> None:
        """Keep what former sittings have found of other recipes, if it would still come out so.

        Args:
            recipes: of this sitting, whose points come up by themselves.
            key: the hash that a point has now; raises PeftlineError if it can no longer be run.
        """
        for one in self._still_valid(key):
            if one.recipe not in recipes:
                self._results[one.hash] = one
                if one.stage == "final" and one.recipe in self._before["chosen"]:
                    before = self._before["chosen"][one.recipe]
                    self._chosen[one.recipe] = Chosen.model_validate(before)

    def finals(self, seed: int) -> dict[str, Result]:
        """The whole runs of a seed that have finished, by recipe: this sitting's before others."""
        every = [*self._valid.values(), *self.results()]
        return {
            one.recipe: one
            for one in every
            if one.stage == "final" and one.seed == seed and one.status == "finished"
        }

    def has_finals(self, recipe: str, seeds: Collection[int]) -> bool:
        """Whether a recipe has been run whole with each seed."""
        return all(recipe in self.finals(seed) for seed in seeds)

    def valid(self) -> list[Result]:
        """What former sittings have found and would come out so again; known after `take_over`."""
        return list(self._valid.values())

    def _still_valid(self, key: Callable[[Point], str]) -> list[Result]:
        for one in self._former():
            try:
                if one.status != "waiting" and key(one) == one.hash:
                    self._valid[one.hash] = one  # a later one may be made of it
            except PeftlineError:  # its recipe is gone, or has no such setting any more
                continue
        return self.valid()

    def outcome(self, waiting: Result) -> Result | None:
        """What came of a point in a former sitting; None if it has not been run to its end."""
        file = self._folder / waiting.folder / "point.json"
        try:
            return Result.model_validate_json(file.read_text("utf-8"))
        except (FileNotFoundError, ValidationError):  # cut short by a power cut
            return None

    def add(self, result: Result, keep: bool = True) -> None:
        """Remember a point, as waiting or with its outcome.

        Args:
            keep: its outcome for later sittings.
        """
        with self._lock:
            self._results[result.hash] = result
            if keep and result.status != "waiting":
                text = result.model_dump_json(indent=2)
                store.write_text(self._folder / result.folder / "point.json", text + "\n")
            self._write()

    def choose(self, recipe: str, chosen: Chosen) -> None:
        """Remember which settings a recipe is run with."""
        with self._lock:
            self._chosen[recipe] = chosen
            self._write()

    def chosen(self) -> dict[str, Chosen]:
        """What was chosen, by recipe."""
        with self._lock:
            return dict(self._chosen)

    def results(self) -> list[Result]:
        """All points, in the order in which they came up."""
        with self._lock:
            return list(self._results.values())

    def _former(self) -> list[Result]:
        listed = [*self._before.get("points", ()), *self._before.get("outdated", ())]
        return [Result.model_validate(one) for one in listed]

    def _write(self) -> None:
        before = self._before.get("wall_seconds") or 0.0
        state = {
            **self._facts,
            "parent_run": self.parent_run,
            "wall_seconds": round(before + time.monotonic() - self._begin, 1),
            "points": [one.model_dump() for one in sorted(self._results.values(), key=_place)],
            "chosen": {recipe: one.model_dump() for recipe, one in self._chosen.items()},
            # Their inputs, or what was asked for, have changed since.
            "outdated": [
                one.model_dump()
                for one in self._former()
                if one.hash not in self._results and one.status != "waiting"
            ],
        }
        store.write_text(
            self._folder / FILE, json.dumps(state, indent=2, ensure_ascii=False) + "\n"
        )


def _place(one: Result) -> tuple[Any, ...]:
    """The order of a table: by recipe, what was tried before what was chosen."""
    return one.recipe, one.stage == "final", one.seed, json.dumps(one.settings, sort_keys=True)
