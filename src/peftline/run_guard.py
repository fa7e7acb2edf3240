"""One run at a time in a place, its result whole or not at all: Kedro's side of `publishing`."""

import contextlib
import logging
import shutil
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from peftline import identity, locks, partials, publishing
from peftline.datasets.text import FileDataset
from peftline.errors import PeftlineError
from peftline.paths import recipe_names

logger = logging.getLogger(__name__)
_PREFLIGHT = (".preflight", ".preflight_page")


class RunGuard:
    """Holds what a session's run writes, until the run has ended."""

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Take the place of the run, and give it a folder to write into.

        Raises:
            PeftlineError: another run of this recipe and seed works there.
        """
        self.close()
        self._catalog, self._root = catalog, Path(catalog.load("root"))
        recipe = next((name for name in recipe_names() if _is_of(name, pipeline)), None)
        flow = pipelines[recipe] if recipe else pipeline  # whole, of which this may be a part
        self._outputs = _files(catalog, flow.all_outputs())
        self._results = flow.from_nodes(f"{recipe}.train") if recipe else Pipeline([])
        self._present: dict[Path, dict[str, Any]] = {}
        if not self._outputs:
            return
        with contextlib.ExitStack() as held:
            if recipe is None:
                name = "+".join(run_params.get("pipeline_names") or ["run"])
                self._staging = self._own_folder(name, held)
            else:
                goes_on = run_params.get("only_missing_outputs") or bool(
                    _files(catalog, pipeline.inputs())
                )
                self._staging = self._folder_of(recipe, goes_on, held)
            self._held = held.pop_all()
        for name, dataset in self._outputs.items():
            if _is_summary(name) and dataset.target.exists():
                self._present[dataset.target] = dataset.load()
            dataset.stage(self._root, self._staging)

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Refuse, before anything expensive, to replace a result about other data.

        Raises:
            PeftlineError: the result that stands there has other data or another base.
        """
        if dataset_name in ("splits", "base_model"):
            try:
                for where, summary in self._present.items():
                    identity.refuse_overwrite(summary, data, where)
            except PeftlineError:
                # No later run shall go on with it.
                shutil.rmtree(self._staging, ignore_errors=True)
                raise

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Show the preflight at once, where it does not stand beside a former result."""
        if dataset_name.endswith(_PREFLIGHT) and not self._present:
            self._outputs[dataset_name].show()

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Let everything that the run has made take its place.

        A part of a run waits for the rest if the result that stands was made without it.
        """
        made = self._made()
        outdated = [self._outputs[name].target for name in self._outdated(made)]
        if outdated and self._present:
            logger.warning(
                "The former result stays until the rest of the new one is made, with --from-nodes. "
                "What there is of it lies in %s.",
                self._staging,
            )
        elif made:
            targets = [self._outputs[name].target for name in sorted(made, key=_is_summary)]
            publishing.publish(self._root, self._staging, targets, outdated)
        self.close()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Keep the former result, and say where the run can go on."""
        made = self._made()
        if self._present:
            logger.warning("The former result stays as it was.")
        for name, dataset in self._outputs.items():
            if name.endswith(_PREFLIGHT) and name not in made and not self._present:
                dataset.target.unlink(missing_ok=True)  # of a former run, about other rows
        if made & self._results.all_outputs():
            logger.warning(
                "What this run has trained lies in %s. The same command with --from-nodes goes on "
                "from there; without, it begins anew.",
                self._staging,
            )
        self.close()

    def close(self) -> None:
        """Let go of the place. Kedro's hooks see no interrupt, so the session calls this too."""
        self._held.close()

    def _own_folder(self, name: str, held: contextlib.ExitStack) -> Path:
        """A folder for a run that shares its place with others: gone when it ends."""
        self._settle()
        staging = partials.unused(self._root / publishing.RUNNING / name)
        held.callback(shutil.rmtree, staging, ignore_errors=True)
        return staging

    def _folder_of(self, recipe: str, goes_on: bool, held: contextlib.ExitStack) -> Path:
        """The folder of a recipe and seed.

        Args:
            goes_on: the run reads what another one has made; what a run that did not come to its
                end has left counts as that.
        """
        models = Path(self._catalog.load(f"{recipe}.run")["checkpoints"]).parent
        staging = self._root / publishing.RUNNING / f"{recipe}-{models.name}"
        what = f"{recipe} with {models.name.replace('-', ' ')} in {self._root}"
        instead = (
            "Wait until it has ended, or give this run a place of its own with "
            "--params=experiment=NAME or --params=seed=NUMBER."
        )
        lock = staging.with_name(f"{staging.name}.lock")
        held.enter_context(locks.held_alone(lock, what, instead))
        self._settle()
        if staging.exists() and goes_on:
            logger.warning("Going on with what a run has left that did not end: %s.", staging)
        elif staging.exists():
            shutil.rmtree(staging)
        return staging

    def _settle(self) -> None:
        """Let what a killed run had begun to publish take its place: it is no leftover."""
        with publishing.settled(self._root):
            pass

    def _made(self) -> set[str]:
        return {name for name, dataset in self._outputs.items() if dataset.is_staged()}

    def _outdated(self, made: set[str]) -> set[str]:
        """Results that stand, of what this run has replaced, and that it has not made anew."""
        replaced = made & self._results.all_outputs()
        later = self._results.from_inputs(*replaced).all_outputs() - made
        return {name for name in later & set(self._outputs) if self._outputs[name].target.exists()}


def _files(catalog: DataCatalog, names: set[str]) -> dict[str, FileDataset]:
    """What the catalog stores in files and folders, of some names."""
    known = {name: catalog[name] for name in names if name in catalog}
    return {name: dataset for name, dataset in known.items() if isinstance(dataset, FileDataset)}


def _is_of(recipe: str, pipeline: Pipeline) -> bool:
    return any(node.namespace == recipe for node in pipeline.nodes)


def _is_summary(name: str) -> bool:
    return name.endswith(".summary")
