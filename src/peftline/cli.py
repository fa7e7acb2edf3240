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
