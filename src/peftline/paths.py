"""Where the project lies, and where a run puts its results."""

import re
from pathlib import Path

from kedro.utils import find_kedro_project

from peftline.errors import PeftlineError


def project_folder() -> Path:
    """The project that the working directory belongs to."""
    return find_kedro_project(Path.cwd()) or Path.cwd()


def project_path(relative: str) -> str:
    """An absolute path, so that commands work from any folder of the project."""
    return str(project_folder() / relative)


def artifact_root(root: str, experiment: str | None) -> str:
    """The root of a run's results: that of the environment, or a folder per experiment.

    Raises:
        PeftlineError: the experiment's name cannot be a folder's.
    """
    if experiment is None:
        return project_path(root)
    parts = str(experiment).split("/")
    if not all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", part) for part in parts):
        raise PeftlineError(
            f"experiment={experiment}: a name has letters, digits, '.', '_', '-' and '/', and "
            "begins with a letter or digit."
        )
    return project_path(f"{root}/experiments/{experiment}")


def recipe_names() -> list[str]:
    """The stems of all recipe files: each is a pipeline, a namespace and a run name."""
    return sorted(path.stem for path in recipes_folder().glob("*.yml"))


def recipes_folder() -> Path:
    """Where the recipe files lie."""
    return project_folder() / "conf" / "base" / "parameters" / "recipes"
