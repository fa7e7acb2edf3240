"""`kedro results` and `kedro rescore`: commands about all runs of a root. The only module here that
knows Kedro."""

import datetime
import shlex
from pathlib import Path

import click
from kedro.framework.session import KedroSession

from peftline import paths, store
from peftline import rescore as scoring
from peftline.comparison import runs
from peftline.comparison.compare import compare
from peftline.errors import PeftlineError
from peftline.reports import raw
from peftline.reports import results as report


def results(
    experiment: str | None,
    env: str | None,
    write: Path | None,
    machine: str | None,
    recorded: Path | None = None,
) -> None:
    """Print a comparison of all runs as Markdown, or write it with the runs' summaries.

    Args:
        experiment: whose runs; None: those of the environment's root.
        env: of the configuration, such as `test`.
        write: folder that gets `results.md` and the summaries.
        machine: on which the runs were made, in words.
        recorded: folder of summaries and scores that were written before, to be read instead of
            runs; date and machine are theirs.

    Raises:
        PeftlineError: there are no runs, or no experiment can have this name.
    """
    if recorded is None:
        left = _of_root(experiment, env, machine)
    else:
        if experiment or env or machine:
            raise PeftlineError("--from reads runs, date and machine: give no other of them.")
        left = raw.read(recorded)
    found = compare(left.runs, paths.recipe_descriptions())
    given = {"from": recorded, "experiment": experiment, "env": env, "write": write}
    options = [
        f"--{name} {shlex.quote(str(value))}"
        for name, value in {**given, "machine": machine}.items()
        if value
    ]
    text = report.render(found, " ".join(["kedro results", *options]), left.date, left.machine)
    if write is None:
        click.echo(text, nl=False)
        return
    store.write_text(write / "results.md", text)
    files = raw.files(left, found)
    for name, content in files.items():
        store.write_text(write / raw.FOLDER / name, content)
    click.echo(f"{write / 'results.md'} and {len(files)} files in {write / raw.FOLDER}.")
    older = sorted({path.name for path in (write / raw.FOLDER).iterdir()} - set(files))
    if older:
        click.echo(f"Of former comparisons, and left as they are: {', '.join(older)}.")


def rescore(experiment: str | None, env: str | None) -> None:
    """Score the stored answers of all runs anew, and say what has become of each.

    Args:
        experiment: whose runs; None: those of the environment's root.
        env: of the configuration, such as `test`.

    Raises:
        PeftlineError: there are no runs, or something cannot be scored; then nothing is changed.
    """
    outcomes = scoring.rescore(_root(experiment, env))
    for outcome in outcomes:
        if outcome.is_renewed or outcome.note:
            state = "scored anew" if outcome.is_renewed else "as it was"
            note = f" ({outcome.note})" if outcome.note else ""
            click.echo(f"{outcome.folder}: {state}{note}")
    renewed = sum(outcome.is_renewed for outcome in outcomes)
    kept = sum(bool(outcome.note) and not outcome.is_renewed for outcome in outcomes)
    click.echo(
        f"{renewed} scored anew, {kept} that could not be, {len(outcomes) - renewed - kept} that "
        "are of today's scoring."
    )


def _root(experiment: str | None, env: str | None) -> Path:
    """Of the results of an experiment, or of an environment.

    Raises:
        PeftlineError: no experiment can have this name.
    """
    if experiment is not None and not paths.is_experiment_name(experiment):
        raise PeftlineError(f"No experiment can have the name {experiment!r}.")
    with KedroSession.create(paths.project_folder(), env=env) as session:
        root = session._get_config_loader()["parameters"]["store_root"]
    return Path(paths.artifact_root(root, experiment))


def _of_root(experiment: str | None, env: str | None, machine: str | None) -> raw.Recorded:
    """The runs of an experiment or an environment, and today's date."""
    left = runs.read(_root(experiment, env))
    return raw.Recorded(left, datetime.date.today().isoformat(), machine)
