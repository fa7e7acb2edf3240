"""`kedro sweep` and `kedro ladder`: from the project and what was typed to a sweep that runs.

The only module here that knows Kedro.
"""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from peftline.config import nearest
from peftline.errors import PeftlineError
from peftline.paths import is_experiment_name, project_folder, recipe_names
from peftline.session import terminate_as_exit
from peftline.sweep import estimate, ladder, launch, plan, show, space
from peftline.sweep.execute import Executor
from peftline.sweep.inputs import SELECTIONS, Inputs
from peftline.sweep.plan import Plan
from peftline.sweep.point import FILE, Point
from peftline.sweep.record import Record
from peftline.tracking.sweep import parent


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


def sweep(common: Common, recipes: Sequence[str], axes: Sequence[str], trials: int) -> None:
    """Tune recipes on validation, then run each winner whole.

    Raises:
        PeftlineError: something that was asked for does not exist; what is wrong is named before
            anything runs. Or a run has failed.
    """
    names = recipe_names() if list(recipes) == ["all"] else list(dict.fromkeys(recipes))
    _check(names, common)
    tried = [space.parse(text) for text in axes]
    asked = Plan(recipes=names, seeds=common.seeds, axes=tried, trials=trials)

    def look(inputs: Inputs, record: Record) -> list[Point]:
        """What would be run."""
        plan.check(asked, inputs, record)
        return plan.points(asked, inputs)

    def work(inputs: Inputs, record: Record, executor: Executor) -> None:
        """Run it."""
        plan.run(asked, inputs, record, executor, common.jobs)

    _run(common, names, {"recipes": names, "grid": list(axes)}, look, work)


def climb(common: Common, rungs: Sequence[str], gain: float) -> None:
    """Find the smallest method and rank that is enough, and run it whole.

    Raises:
        PeftlineError: as for `sweep`.
    """
    steps = [ladder.parse(text) for text in rungs]
    names = list(dict.fromkeys(step.recipe for step in steps))
    _check(names, common)

    def look(inputs: Inputs, record: Record) -> list[Point]:
        """What would be run, to the top."""
        ladder.check(steps, inputs)
        return ladder.points(steps, common.seeds)

    def work(inputs: Inputs, record: Record, executor: Executor) -> None:
        """Run it, and tell where it ended."""
        show.climbed(ladder.climb(steps, common.seeds, gain, inputs, record, executor), gain)

    _run(common, names, {"rungs": list(rungs), "gain": gain}, look, work)


def _check(recipes: Sequence[str], common: Common) -> None:
    known = recipe_names()
    found = [f"No recipe '{name}'. {nearest(name, known)}" for name in recipes if name not in known]
    if not recipes:
        found.append("No recipe is named.")
    if not is_experiment_name(common.name):
        found.append(f"'{common.name}' is no name for a sweep: letters, digits, '.', '_' and '-'.")
    if "experiment" in common.params or "seed" in common.params:
        found.append("A sweep gives its runs their experiment and seed: use --name and --seeds.")
    found += [
        f"--params sets '{key}', which is none of the recipes that run."
        for key in common.params
        if key in known and key not in recipes
    ]
    if common.selection not in SELECTIONS:
        hint = nearest(common.selection, list(SELECTIONS))
        found.append(f"--select={common.selection}: nothing of that name can decide. {hint}")
    if found:
        raise PeftlineError("\n".join(found))
    launch.shares(common.jobs)


def _root(common: Common) -> Path:
    bootstrap_project(project_folder())
    with KedroSession.create(project_folder(), env=common.environment) as session:
        return Path(session.load_context().config_loader["parameters"]["store_root"])


def _prepare(common: Common, recipe: str, folder: Path) -> Inputs:
    """Bring data and base into place, in a process of its own; describe them."""
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
        return Inputs(
            environment=common.environment,
            params=common.params,
            recipes={name: values[name] for name in recipe_names()},
            base=context.catalog.load("base_model"),
            tokenised=context.catalog.load("preflight.tokenised"),
            test_examples=context.catalog.load("splits").test,
            evaluation=values["evaluation"],
            tuning_share=common.tuning_share,
            selection=common.selection,
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


def _run(
    common: Common,
    recipes: Sequence[str],
    asked: dict[str, Any],
    look: Callable[[Inputs, Record], list[Point]],
    work: Callable[[Inputs, Record, Executor], None],
) -> None:
    """Do the work, or show what it would be."""
    root = _root(common)
    folder = root / "experiments" / common.name
    # Held from the beginning: another sitting may be changing what is read below.
    with launch.hold(folder / ".lock") as lock:
        inputs = _prepare(common, recipes[0], folder)
        facts = {
            "name": common.name,
            **asked,
            "seeds": common.seeds,
            "selection": common.selection,
            "tuning_share": common.tuning_share,
            "base_sha256": inputs.base.sha256,
            "data_sha256": inputs.tokenised.data_sha256,
        }
        record = Record(folder, facts)
        record.take_over(recipes, Executor(folder, common.name, inputs, record).key)
        points = look(inputs, record)
        if common.dry_run:
            show.preview(points, record.valid(), estimate.known(root, inputs), inputs, common.jobs)
            return
        with (
            terminate_as_exit(),
            parent(common.name, record.parent_run, facts, folder / FILE) as run_id,
        ):
            record.parent_run = run_id
            tags = {"mlflow.parentRunId": run_id}
            launcher = launch.Launcher(project_folder(), lock, common.jobs, tags)
            executor = Executor(folder, common.name, inputs, record, launcher, common.retry_failed)
            try:
                work(inputs, record, executor)
            finally:
                launcher.stop()
    _close(record, common.name, folder)


def _close(record: Record, name: str, folder: Path) -> None:
    results = record.results()
    show.results(results, folder)
    show.edges(record.chosen())
    show.comparing(name)
    failed = [one for one in results if one.status == "failed"]
    if failed:
        raise PeftlineError(
            f"{len(failed)} of {len(results)} runs have failed; the table names the reasons, and "
            f"{folder}/<hash>/log.txt tells more. The same command with --retry-failed tries them "
            "again."
        )
