"""Data and base of a sweep, brought into place by Kedro. The only module here that knows it."""

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from peftline.errors import PeftlineError
from peftline.handles import BaseModelFolder, Splits, Tokenised
from peftline.paths import project_folder, recipe_names
from peftline.publishing import settled
from peftline.schema import Evaluation, Rendering
from peftline.sweep import launch, selection
from peftline.sweep.inputs import Inputs


class Common(NamedTuple):
    """What every kind of sweep is told."""

    name: str
    seeds: list[int]
    selection: str
    tuning_share: float
    jobs: int
    environment: str | None
    params: dict[str, Any]
    dry_run: bool
    retry_failed: bool


def root(common: Common) -> Path:
    """Of the results of an environment."""
    bootstrap_project(project_folder())
    with KedroSession.create(project_folder(), env=common.environment) as session:
        return Path(session.load_context().config_loader["parameters"]["store_root"])


def prepare(common: Common, recipe: str, folder: Path) -> Inputs:
    """Bring data and base into place, in a process of its own; describe them.

    Args:
        recipe: one that will be run; the preparation is the same for all.
        folder: of the sweep.

    Raises:
        PeftlineError: they cannot be prepared, or what shall decide is not measured on them.
    """
    shared = {key: one for key, one in common.params.items() if key not in recipe_names()}
    arguments = {
        "pipelines": "preflight",
        "to_nodes": "preflight.tokenise",
        "params": {**shared, "experiment": common.name, "preflight_recipe": recipe},
        **({"env": common.environment} if common.environment else {}),
    }
    _in_own_process(folder / "preparation", arguments)
    given = {**common.params, "experiment": common.name}
    with KedroSession.create(
        project_folder(), env=common.environment, runtime_params=given
    ) as session:
        context = session.load_context()
        values = context.config_loader["parameters"]
        with settled(folder):
            base, splits, tokenised = (
                context.catalog.load(name)
                for name in ("base_model", "splits", "preflight.tokenised")
            )
        check_prepared(folder, base, splits, tokenised)
        evaluation = Evaluation.model_validate(values["evaluation"])
        rendering = Rendering.model_validate(values["rendering"])
        selection.check(common.selection, splits, base, rendering, evaluation)
        return Inputs(
            project=project_folder(),
            environment=common.environment,
            params=common.params,
            recipes={name: values[name] for name in recipe_names()},
            base=base,
            tokenised=tokenised,
            test_examples=splits.test,
            evaluation=evaluation,
            tuning_share=common.tuning_share,
            selection=common.selection,
        )


def check_prepared(
    folder: Path, base: BaseModelFolder, splits: Splits, tokenised: Tokenised
) -> None:
    """Make sure that what was prepared is what is read: a root has one file for all of its runs.

    Raises:
        PeftlineError: another run has put its data or base there meanwhile.
    """
    if (tokenised.data_sha256, tokenised.base_sha256) != (splits.sha256, base.sha256):
        raise PeftlineError(
            f"{folder}: another run has put its data or base here while the sweep was prepared. "
            "Give the sweep a --name of its own, or wait until that run has ended."
        )


def _in_own_process(folder: Path, arguments: dict[str, Any]) -> None:
    config = launch.written(folder, arguments)
    log = folder / "log.txt"
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(  # noqa: S603
            launch.command(config),
            cwd=project_folder(),
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        reason = launch.why(log, done.returncode)
        raise PeftlineError(f"Data and base could not be prepared: {reason}\nSee {log}.")
