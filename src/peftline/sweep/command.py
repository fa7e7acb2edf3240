"""`kedro sweep` and `kedro ladder`: from the project and what was typed to a sweep that runs.

Kedro itself is asked by `prepare`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from peftline.config import nearest
from peftline.errors import PeftlineError
from peftline.paths import is_experiment_name, misplaced, project_folder, recipe_names
from peftline.signals import terminate_as_exit
from peftline.sweep import estimate, ladder, launch, plan, prepare, selection, show, space
from peftline.sweep.execute import Executor
from peftline.sweep.inputs import Inputs, part_names
from peftline.sweep.plan import Plan
from peftline.sweep.point import Point
from peftline.sweep.prepare import Common
from peftline.sweep.record import Record
from peftline.sweep.state import FILE, Sweep
from peftline.tracking.sweep import parent


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
    found = misplaced(common.params, project_folder())
    found += [
        f"No recipe '{name}'. {nearest(name, known)}" for name in recipes if name not in known
    ]
    if not recipes:
        found.append("No recipe is named.")
    if not is_experiment_name(common.name):
        found.append(f"'{common.name}' is no name for a sweep: letters, digits, '.', '_' and '-'.")
    given = sorted({"experiment", "seed", "preflight_recipe"} & set(common.params))
    if given:
        found.append(
            f"--params sets {', '.join(given)}, which a sweep gives to its runs: use --name and "
            "--seeds, or --recipes."
        )
    found += [
        f"--params sets '{key}', which is none of the recipes that run."
        for key in common.params
        if key in known and key not in recipes
    ]
    if common.selection not in selection.SELECTIONS:
        hint = nearest(common.selection, list(selection.SELECTIONS))
        found.append(f"--select={common.selection}: nothing of that name can decide. {hint}")
    if found:
        raise PeftlineError("\n".join(found))
    launch.shares(common.jobs)


def _run(
    common: Common,
    recipes: Sequence[str],
    asked: dict[str, Any],
    look: Callable[[Inputs, Record], list[Point]],
    work: Callable[[Inputs, Record, Executor], None],
) -> None:
    """Do the work, or show what it would be."""
    root = prepare.root(common)
    folder = root / "experiments" / common.name
    # Held from the beginning: another sitting may be changing what is read below.
    with launch.hold(folder / ".lock") as lock:
        inputs = prepare.prepare(common, recipes[0], folder)
        planned = Sweep(
            name=common.name,
            asked=asked,
            seeds=common.seeds,
            selection=common.selection,
            tuning_share=common.tuning_share,
            base_sha256=inputs.base.sha256,
            data_sha256=inputs.tokenised.data_sha256,
        )
        record = Record(folder, planned)
        made_of_others = [name for name in inputs.recipes if part_names(inputs.recipes[name])]
        record.take_over(recipes, Executor(folder, common.name, inputs, record).key, made_of_others)
        points = look(inputs, record)
        if common.dry_run:
            done = [
                one for one in record.valid() if one.status == "finished" or not common.retry_failed
            ]
            show.preview(points, done, estimate.known(root, inputs), inputs, common.jobs)
            return
        try:
            with terminate_as_exit(), parent(planned, record.parent_run, folder / FILE) as run_id:
                record.parent_run = run_id
                tags = {"mlflow.parentRunId": run_id}
                launcher = launch.Launcher(project_folder(), lock, common.jobs, tags)
                executor = Executor(
                    folder, common.name, inputs, record, launcher, common.retry_failed
                )
                try:
                    work(inputs, record, executor)
                    others = [name for name in made_of_others if name not in recipes]
                    record.check_again(others, executor.key)
                finally:
                    launcher.stop()
        except InterruptedError as error:
            raise PeftlineError(f"{error} The same command goes on where it stopped.") from error
    _close(record, recipes, common.name, folder)


def _close(record: Record, recipes: Sequence[str], name: str, folder: Path) -> None:
    results = record.results()
    show.results(results, folder)
    show.edges(record.chosen())
    show.comparing(name)
    asked = [one for one in results if one.recipe in recipes]
    failed = [one for one in asked if one.status == "failed"]
    if failed:
        raise PeftlineError(
            f"{len(failed)} of {len(asked)} runs have failed; the table names the reasons, and "
            f"{folder}/<hash>/log.txt tells more. The same command with --retry-failed tries them "
            "again."
        )
