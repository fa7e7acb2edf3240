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
from peftline.sweep.inputs import Inputs
from peftline.sweep.plan import Plan
from peftline.sweep.point import Point
from peftline.sweep.record import FILE, Record
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


def sweep(common: Common, recipes: Sequence[str], axes: Sequence[str], trials: int) -> None:
    """Tune recipes on validation, then run each winner whole.

    Raises:
        PeftlineError: something that was asked for does not exist; what is wrong is named before
            anything runs.
    """
    names = recipe_names() if list(recipes) == ["all"] else list(dict.fromkeys(recipes))
    _check(names, common)
    tried = [space.parse(text) for text in axes]
    asked = Plan(recipes=names, seeds=common.seeds, axes=tried, trials=trials)
    inputs, root = _prepare(common, names[0])
    _run(
        common,
        inputs,
        root,
        {"recipes": names, "grid": list(axes)},
        plan.points(asked, inputs),
        lambda record, executor: plan.run(asked, inputs, record, executor, common.jobs),
    )


def climb(common: Common, rungs: Sequence[str], gain: float) -> None:
    """Find the smallest method and rank that is enough, and run it whole.

    Raises:
        PeftlineError: as for `sweep`.
    """
    points = [ladder.parse(text) for text in rungs]
    _check([point.recipe for point in points], common)
    inputs, root = _prepare(common, points[0].recipe)

    def work(record: Record, executor: Executor) -> None:
        best = ladder.climb(points, common.seeds, gain, inputs, record, executor)
        show.chosen(best, gain)

    _run(common, inputs, root, {"rungs": list(rungs), "gain": gain}, points, work)


def _check(recipes: Sequence[str], common: Common) -> None:
    found = [
        f"No recipe '{name}'. {nearest(name, recipe_names())}"
        for name in recipes
        if name not in recipe_names()
    ]
    if not is_experiment_name(common.name):
        found.append(f"'{common.name}' is no name for a sweep: letters, digits, '.', '_' and '-'.")
    if "experiment" in common.params or "seed" in common.params:
        found.append("A sweep gives its runs their experiment and seed: use --name and --seeds.")
    if found:
        raise PeftlineError("\n".join(found))


def _prepare(common: Common, recipe: str) -> tuple[Inputs, Path]:
    """Bring data and base into place, in a process of its own; describe them.

    Returns:
        The inputs, and the root of the environment.
    """
    bootstrap_project(project_folder())
    given = {**common.params, "experiment": common.name}
    shared = {key: one for key, one in common.params.items() if key not in recipe_names()}
    with KedroSession.create(
        project_folder(), env=common.environment, runtime_params=given
    ) as session:
        context = session.load_context()
        values = context.config_loader["parameters"]
        root = Path(values["store_root"])
        arguments = {
            "pipelines": "preflight",
            "to_nodes": "preflight.tokenise",
            "params": {**shared, "experiment": common.name, "preflight_recipe": recipe},
            **({"env": common.environment} if common.environment else {}),
        }
        _in_own_process(_folder(root, common.name) / "preparation", arguments)
        inputs = Inputs(
            environment=common.environment,
            params=common.params,
            recipes={name: values[name] for name in recipe_names()},
            base=context.catalog.load("base_model"),
            tokenised=context.catalog.load("preflight.tokenised"),
            evaluation=values["evaluation"],
            tuning_share=common.tuning_share,
            selection=common.selection,
        )
    return inputs, root


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
        raise PeftlineError(f"Data and base could not be prepared: {launch.why(log)}\nSee {log}.")


def _run(
    common: Common,
    inputs: Inputs,
    root: Path,
    asked: dict[str, Any],
    points: Sequence[Point],
    work: Callable[[Record, Executor], None],
) -> None:
    """Do the work, or show what it would be."""
    folder = _folder(root, common.name)
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
    if common.dry_run:
        done = record.valid(Executor(folder, common.name, inputs, record).key)
        show.preview(points, done, estimate.known(root, inputs), inputs, common.jobs)
        return
    with (
        terminate_as_exit(),
        parent(common.name, record.parent_run, facts, folder / FILE) as run_id,
    ):
        record.parent_run = run_id
        tags = {"mlflow.parentRunId": run_id}
        launcher = launch.Launcher(project_folder(), folder, common.jobs, tags)
        try:
            work(record, Executor(folder, common.name, inputs, record, launcher))
        finally:
            launcher.stop()
    show.results(record.results(), common.name, folder)


def _folder(root: Path, name: str) -> Path:
    return root / "experiments" / name
