"""Which files of this package a result depends on: the training of a recipe, or any module."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import grimp

from peftline import adapters, store

if TYPE_CHECKING:
    from peftline.schema import Recipe

_TRAINING = "peftline.fine_tune"
_FOLDER = Path(__file__).parent


def sha256(recipe: "Recipe") -> str:
    """Hash of the source of all modules that training this recipe imports."""
    return store.sha256_of_files(*files(modules(_TRAINING, recipe)))


def sha256_without_adapters(root: str) -> str:
    """Hash of the source of a module and of all that it imports, but for types of adapters."""
    return store.sha256_of_files(*files(modules(root)))


def sha256_of_scoring(*roots: str) -> str:
    """Hash of the source of modules that score answers, and of all that they import.

    The packages above them are left out, for that of the metrics imports all metrics: a mended
    metric makes no score of another one stale.
    """
    graph = _graph()
    names: set[str] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module not in names:
            names.add(module)
            waiting += graph.find_modules_directly_imported_by(module)
    return store.sha256_of_files(*files(sorted(names)))


def modules(root: str, recipe: "Recipe | None" = None) -> list[str]:
    """Names of a module and of those that it imports, also within functions.

    The registry imports a module for each type of adapter. Only that of the recipe's own type
    counts, with what it imports, so that a change of one method leaves the others' results valid.
    """
    graph = _graph()
    types = {kind.__module__ for kind in get_args(get_args(adapters.Adapter)[0])}
    own = type(recipe.adapter).__module__ if recipe else None
    found, waiting = set(), [root]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            imported = set(graph.find_modules_directly_imported_by(module))
            waiting += imported if module in types else imported - (types - {own})
            if "." in module:
                waiting.append(module.rpartition(".")[0])  # Python runs the package above it too
    return sorted(found)


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("peftline", exclude_type_checking_imports=True, cache_dir=None)


def files(names: list[str]) -> list[Path]:
    """The files of modules of this package."""
    return [_file(_FOLDER.joinpath(*name.split(".")[1:])) for name in names]


def _file(path: Path) -> Path:
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
