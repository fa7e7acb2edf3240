"""Where the project lies, and where a run puts its results."""

import itertools
import re
from pathlib import Path
from typing import Any

import yaml
from kedro.utils import find_kedro_project


def project_folder() -> Path:
    """The project that the working directory belongs to."""
    return find_kedro_project(Path.cwd()) or Path.cwd()


def project_path(relative: str) -> str:
    """An absolute path, so that commands work from any folder of the project."""
    return str(project_folder() / relative)


def artifact_root(root: str, experiment: str | None) -> str:
    """The root of a run's results: that of the environment, or a folder per experiment."""
    return project_path(root if experiment is None else f"{root}/experiments/{experiment}")


def is_experiment_name(name: str) -> bool:
    """Whether a name can be a folder, or a path of folders, inside the root."""
    return all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", part) for part in name.split("/"))


def recipe_names() -> list[str]:
    """The stems of all recipe files: each is a pipeline, a namespace and a run name."""
    return sorted(path.stem for path in recipes_folder().glob("*.yml"))


def recipe_adapter(name: str) -> dict[str, Any]:
    """The adapter of a recipe as it stands in its file; empty if none does."""
    text = (recipes_folder() / f"{name}.yml").read_text(encoding="utf-8")
    recipe = (yaml.safe_load(text) or {}).get(name) or {}
    adapter = recipe.get("adapter")
    return adapter if isinstance(adapter, dict) else {}


def recipe_descriptions() -> dict[str, str]:
    """What each recipe says about itself in the comment at the head of its file."""
    found = {}
    for name in recipe_names():
        lines = (recipes_folder() / f"{name}.yml").read_text(encoding="utf-8").splitlines()
        comment = itertools.takewhile(lambda line: line.startswith("#"), lines)
        found[name] = " ".join(line.removeprefix("#").strip() for line in comment)
    return found


def recipes_folder() -> Path:
    """Where the recipe files lie."""
    return project_folder() / "conf" / "base" / "parameters" / "recipes"
