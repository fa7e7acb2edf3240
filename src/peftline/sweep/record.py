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
from peftline.sweep import state
from peftline.sweep.point import Chosen, Point, Result
from peftline.sweep.state import Sweep


class Record:
    """The results of one sweep; safe to use from several threads."""

    def __init__(self, folder: Path, sweep: Sweep) -> None:
        """Args:
            folder: of the sweep.
            sweep: what it is about.

        Raises:
            PeftlineError: a former sitting's file cannot be read.
        """
        self._folder, self._sweep = folder, sweep
        self._results: dict[str, Result] = {}
        self._chosen: dict[str, Chosen] = {}
        self._valid: dict[str, Result] = {}
        self._lock, self._begin = Lock(), time.monotonic()
        self._before = state.read(folder) or sweep
        self.parent_run = self._before.parent_run
        """Of the tracking server, where a former sitting has made one."""

    def take_over(
        self,
        recipes: Collection[str],
        key: Callable[[Point], str],
        made_of_others: Collection[str] = (),
    ) -> None:
        """Keep what former sittings have found of other recipes, if it would still come out so.

        Whole runs with settings that were not chosen in the end stay outdated.

        Args:
            recipes: of this sitting, whose points come up by themselves.
            key: the hash that a point has now; raises PeftlineError if it can no longer be run.
            made_of_others: recipes whose hash depends on the whole runs of others.
        """
        self._find_valid(key, made_of_others)
        for one in self.valid():
            if one.recipe not in recipes and self._is_current(one):
                self._results[one.hash] = one
                if one.stage == "final" and one.recipe in self._before.chosen:
                    self._chosen[one.recipe] = self._before.chosen[one.recipe]

    def finals(self, seed: int) -> dict[str, Result]:
        """The whole runs of a seed that have finished, by recipe.

        A run of this sitting, also one that failed, takes the place of a former one.
        """
        former = [one for one in self._valid.values() if self._is_current(one)]
        every = {
            one.recipe: one
            for one in [*former, *self.results()]
            if one.stage == "final" and one.seed == seed
        }
        return {recipe: one for recipe, one in every.items() if one.status == "finished"}

    def has_finals(self, recipe: str, seeds: Collection[int]) -> bool:
        """Whether a recipe has been run whole with each seed."""
        return all(recipe in self.finals(seed) for seed in seeds)

    def check_again(self, recipes: Collection[str], key: Callable[[Point], str]) -> None:
        """Let go what was taken over of some recipes and would come out otherwise by now."""
        for one in self.results():
            if one.recipe in recipes and not _is_valid(one, key):
                with self._lock:
                    del self._results[one.hash]
                    self._write()

    def valid(self) -> list[Result]:
        """What former sittings have found and would come out so again; known after `take_over`."""
        return list(self._valid.values())

    def _find_valid(self, key: Callable[[Point], str], made_of_others: Collection[str]) -> None:
        # In this order: what is made of others has no hash before these are known.
        for one in sorted(self._former(), key=lambda one: one.recipe in made_of_others):
            if one.status != "waiting" and _is_valid(one, key):
                self._valid[one.hash] = one

    def _is_current(self, one: Result) -> bool:
        """Whether a former sitting has not chosen other settings since."""
        chosen = self._before.chosen.get(one.recipe)
        return one.stage == "tuning" or one.settings == (chosen.settings if chosen else {})

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

    def _choices(self) -> dict[str, Chosen]:
        """What is chosen; of what this sitting has not come to, what was chosen before."""
        run = {one.recipe for one in self._results.values() if one.stage == "final"}
        before = {recipe: one for recipe, one in self._before.chosen.items() if recipe not in run}
        return before | self._chosen

    def _former(self) -> list[Result]:
        return [*self._before.points, *self._before.outdated]

    def _write(self) -> None:
        seconds = self._before.wall_seconds + time.monotonic() - self._begin
        found = {
            "parent_run": self.parent_run,
            "wall_seconds": round(seconds, 1),
            "points": sorted(self._results.values(), key=_place),
            "chosen": self._choices(),
            "outdated": [
                one
                for one in self._former()
                if one.hash not in self._results and one.seconds is not None
            ],
        }
        state.write(self._folder, self._sweep.model_copy(update=found))


def _is_valid(one: Result, key: Callable[[Point], str]) -> bool:
    """Whether a result would come out so again."""
    try:
        return key(one) == one.hash
    except PeftlineError:  # its recipe is gone, or has no such setting any more
        return False


def _place(one: Result) -> tuple[Any, ...]:
    """The order of a table: by recipe, what was tried before what was chosen."""
    return one.recipe, one.stage == "final", one.seed, json.dumps(one.settings, sort_keys=True)
