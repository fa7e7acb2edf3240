"""Commands of this project, beside Kedro's own.

Nothing optional is imported at the top: Kedro would drop all of these commands without a word.
"""

from pathlib import Path

import click


@click.group(name="Peftline")
def cli() -> None:
    """What recipes are and what methods can do."""


@cli.command()
@click.argument("name")
@click.option("--env", help="Configuration environment, such as test or gpu.")
def recipe(name: str, env: str | None) -> None:
    """Print a recipe with every default filled in, as YAML."""
    import yaml
    from kedro.framework.session import KedroSession

    from peftline.config import nearest
    from peftline.paths import project_folder, recipe_names
    from peftline.schema import Recipe, problems

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
def results(
    experiment: str | None, env: str | None, write: Path | None, machine: str | None
) -> None:
    """Print a comparison of all runs as Markdown, or write it with the runs' summaries."""
    import datetime
    import shlex

    from kedro.framework.session import KedroSession

    from peftline import paths, store
    from peftline.comparison import runs
    from peftline.comparison.compare import compare
    from peftline.reports import results as report

    if experiment is not None and not paths.is_experiment_name(experiment):
        raise click.ClickException(f"No experiment can have the name {experiment!r}.")
    with KedroSession.create(paths.project_folder(), env=env) as session:
        root = session._get_config_loader()["globals"]["root"]
    found = runs.read(Path(paths.artifact_root(root, experiment)))
    given = {"experiment": experiment, "env": env, "write": write, "machine": machine}
    options = [f"--{name} {shlex.quote(str(value))}" for name, value in given.items() if value]
    text = report.render(
        compare(found, paths.recipe_descriptions()),
        " ".join(["kedro results", *options]),
        datetime.date.today().isoformat(),
        machine,
    )
    if write is None:
        click.echo(text, nl=False)
        return
    store.write_text(write / "results.md", text)
    files = report.summaries(found.runs)
    for name, content in files.items():
        store.write_text(write / report.FOLDER / name, content)
    click.echo(f"{write / 'results.md'} and {len(files)} summaries in {write / report.FOLDER}.")
    older = sorted({path.name for path in (write / report.FOLDER).glob("*.json")} - set(files))
    if older:
        click.echo(f"Of former comparisons, and left as they are: {', '.join(older)}.")
