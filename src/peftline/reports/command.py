"""`kedro results`: from the runs of a root to a document. The only module here that knows Kedro."""

import datetime
import shlex
from pathlib import Path

import click
from kedro.framework.session import KedroSession

from peftline import paths, store
from peftline.comparison import runs
from peftline.comparison.compare import compare
from peftline.errors import PeftlineError
from peftline.reports import raw
from peftline.reports import results as report


def results(
    experiment: str | None, env: str | None, write: Path | None, machine: str | None
) -> None:
    """Print a comparison of all runs as Markdown, or write it with the runs' summaries.

    Args:
        experiment: whose runs; None: those of the environment's root.
        env: of the configuration, such as `test`.
        write: folder that gets `results.md` and the summaries.
        machine: on which the runs were made, in words.

    Raises:
        PeftlineError: there are no runs, or no experiment can have this name.
    """
    if experiment is not None and not paths.is_experiment_name(experiment):
        raise PeftlineError(f"No experiment can have the name {experiment!r}.")
    with KedroSession.create(paths.project_folder(), env=env) as session:
        root = session._get_config_loader()["parameters"]["store_root"]
    left = runs.read(Path(paths.artifact_root(root, experiment)))
    found = compare(left, paths.recipe_descriptions())
    given = {"experiment": experiment, "env": env, "write": write, "machine": machine}
    options = [f"--{name} {shlex.quote(str(value))}" for name, value in given.items() if value]
    text = report.render(
        found,
        " ".join(["kedro results", *options]),
        datetime.date.today().isoformat(),
        machine,
    )
    if write is None:
        click.echo(text, nl=False)
        return
    store.write_text(write / "results.md", text)
    files = raw.files(left.runs, found)
    for name, content in files.items():
        store.write_text(write / raw.FOLDER / name, content)
    click.echo(f"{write / 'results.md'} and {len(files)} files in {write / raw.FOLDER}.")
    older = sorted({path.name for path in (write / raw.FOLDER).iterdir()} - set(files))
    if older:
        click.echo(f"Of former comparisons, and left as they are: {', '.join(older)}.")
