"""Where the project lies, what relative paths mean, and where a run puts its results."""

import glob
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from kedro.utils import find_kedro_project

_NAMES_FILES = (
    "data.source",
    "data.benchmark",
    "base_model.source",
    "evaluation.general_text",
    "predict.input",
)
_BUILT_IN = ("tool_calls", "smollm2", "tiny")  # names for which no file is looked


def project_folder() -> Path:
    """The project that the working directory belongs to."""
    return find_kedro_project(Path.cwd()) or Path.cwd()


def project_path(relative: str) -> str:
    """An absolute path, so that commands work from any folder of the project."""
    return str(project_folder() / relative)


def misplaced(given: dict[str, Any], project: Path) -> list[str]:
    """What is wrong with relative paths: the file lies in the working directory only.

    A relative path is one of the project, wherever a command is typed or a function called. Whoever
    stands elsewhere and names a file that lies there should not have to guess this.

    Args:
        given: runtime parameters.
    """
    return [
        f"Parameter '{name}' is {path!r}, and relative paths begin at the project ({project}), "
        f"where there is no such file. Give the whole path: {name}={Path(path).absolute()}"
        for name, path in _named_files(given)
        if path not in _BUILT_IN and not _exists(path, project) and _exists(path, Path.cwd())
    ]


def _exists(path: str, folder: Path) -> bool:
    """Whether there is a file, a folder or something that a glob matches."""
    return (folder / path).exists() or bool(glob.glob(path, root_dir=folder, recursive=True))


def _named_files(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Settings that may name a file, a folder or a glob, by their dotted names."""
    for name in _NAMES_FILES:
        part, key = name.split(".")
        if isinstance(values := given.get(part), dict) and values.get(key):
            yield name, str(values[key])
    data = given.get("data")
    for source in (data.get("mixture") or []) if isinstance(data, dict) else []:
        if isinstance(source, dict) and source.get("source"):
            yield "data.mixture", str(source["source"])
    for recipe, values in given.items():
        adapter = values.get("adapter") if isinstance(values, dict) else None
        for place in (adapter.get("adapters") or []) if isinstance(adapter, dict) else []:
            if place not in recipe_names():
                yield f"{recipe}.adapter.adapters", str(place)


def artifact_root(root: str, experiment: str | None) -> str:
    """The root of a run's results: that of the environment, or a folder per experiment."""
    return root if experiment is None else f"{root}/experiments/{experiment}"


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
