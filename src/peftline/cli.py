"""Commands of this project, beside Kedro's own.

Nothing optional is imported at the top: Kedro would drop all of these commands without a word.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


@click.group(name="Peftline")
def cli() -> None:
    """What recipes are, what methods can do, and many runs at once."""


@cli.command()
@click.argument("name")
@click.option("--env", help="Configuration environment, such as test or gpu.")
def recipe(name: str, env: str | None) -> None:
    """Print a recipe with every default filled in, as YAML."""
    import yaml
    from kedro.framework.session import KedroSession

    from peftline.config import nearest
    from peftline.paths import project_folder, recipe_names
    from peftline.recipe import Recipe
    from peftline.schema import problems

    if name not in recipe_names():
        raise click.ClickException(f"No recipe '{name}'. {nearest(name, recipe_names())}")
    with KedroSession.create(project_folder(), env=env) as session:
        values = session._get_config_loader()["parameters"][name]
    found = problems(Recipe, values, name)
    if found:
        raise click.ClickException("\n".join(found))
    resolved = {name: Recipe.model_validate(values).model_dump(mode="json")}
    click.echo(yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True), nl=False)


@cli.command()
@click.option(
    "--write", type=click.Path(path_type=Path, exists=True), help="Renew it in this file."
)
def methods(write: Path | None) -> None:
    """Print what each method can do, as a table in Markdown."""
    from peftline.reports import methods as table

    if write is None:
        click.echo(table.render(), nl=False)
        return
    write.write_text(table.renew(write.read_text(encoding="utf-8")), encoding="utf-8")


@cli.command()
@click.option("--experiment", help="Whose runs; without it, those of the environment's root.")
@click.option("--env", help="Configuration environment, such as test or gpu.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Write results.md and the summaries into this folder, such as docs.",
)
@click.option("--machine", help="On which the runs were made, in words.")
@click.option(
    "--from",
    "recorded",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Read summaries and scores that --write has left here, such as docs/results, not runs.",
)
def results(
    experiment: str | None,
    env: str | None,
    write: Path | None,
    machine: str | None,
    recorded: Path | None,
) -> None:
    """Print a comparison of all runs as Markdown, or write it with the runs' summaries."""
    from peftline.reports import command

    command.results(experiment, env, write, machine, recorded)


@cli.command()
@click.option("--experiment", help="Whose runs; without it, those of the environment's root.")
@click.option("--env", help="Configuration environment, such as test or gpu.")
def rescore(experiment: str | None, env: str | None) -> None:
    """Score stored answers anew after a metric was mended, without a model."""
    from peftline.reports import command

    command.rescore(experiment, env)


def _nested(context: click.Context, option: click.Parameter, text: str) -> dict[str, Any]:
    """As `kedro run` reads its `--params`."""
    from kedro.framework.cli.utils import _split_params

    return _split_params(context, option, text)


def _of_many_runs(command: Callable) -> Callable:
    """The options that all commands have which start many runs."""
    options = [
        click.option(
            "--name",
            default=command.__name__,
            show_default=True,
            help="Of the results: data/experiments/NAME.",
        ),
        click.option("--seeds", default="42", show_default=True, help="Of whole runs: 0,1,2."),
        click.option(
            "--select",
            "selection",
            default="validation_loss",
            show_default=True,
            help="What decides: the loss, or a metric, on the validation split.",
        ),
        click.option(
            "--tuning-share",
            type=click.FloatRange(0, 1, min_open=True),
            default=0.25,
            show_default=True,
            help="Length of a run that tries settings, as a share of a whole one.",
        ),
        click.option("--jobs", type=click.IntRange(1), default=1, help="Runs at the same time."),
        click.option("--env", "environment", help="Configuration environment, such as test."),
        click.option(
            "--params", callback=_nested, default="", help="Given to all runs, as in `run`."
        ),
        click.option("--dry-run", is_flag=True, help="Print the plan and its predicted time."),
        click.option("--retry-failed", is_flag=True, help="Run again what has failed before."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@click.option("--recipes", required=True, help="Names with commas, or `all`.")
@click.option(
    "--grid",
    "axes",
    multiple=True,
    help="KEY=1e-4,5e-4, KEY=x0.3,x1,x3 (multiples of the recipe's own), or KEY=LOW..HIGH.",
)
@click.option(
    "--trials",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Settings tried for each recipe where a range is searched (Optuna).",
)
@_of_many_runs
def sweep(recipes: str, axes: tuple[str, ...], trials: int, **common: Any) -> None:
    """Tune recipes on validation, run each winner whole. Goes on where it was interrupted."""
    from peftline.sweep import command

    command.sweep(_common(common), _names(recipes), axes, trials)


@cli.command()
@click.option("--rungs", help="From the smallest up: RECIPE or RECIPE:RANK, with commas.")
@click.option("--gain", type=float, help="Share by which a rank must improve on its method's.")
@_of_many_runs
def ladder(rungs: str | None, gain: float | None, **common: Any) -> None:
    """Find the smallest method and rank that is enough: larger only while validation gains."""
    from peftline.sweep import command
    from peftline.sweep import ladder as steps

    wanted = _names(rungs) if rungs else steps.RUNGS
    command.climb(_common(common), wanted, steps.GAIN if gain is None else gain)


def _common(options: dict[str, Any]) -> Any:
    from peftline.sweep.prepare import Common

    seeds = _names(options["seeds"])
    if not seeds or not all(seed.isdecimal() for seed in seeds):
        raise click.BadParameter("numbers with commas, such as 0,1,2", param_hint="--seeds")
    return Common(**options | {"seeds": [int(seed) for seed in dict.fromkeys(seeds)]})


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
