"""Which files of this package a result depends on: the training of a recipe, or any module."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import grimp

from peftline import store

if TYPE_CHECKING:
    from peftline.recipe import Recipe

_TRAINING = "peftline.fine_tune"
_FOLDER = Path(__file__).parent
# What a recipe takes from the table of all types is hashed as a value (`peftline.identity`). The
# others do nothing to a result: who may write it, under which name until it is whole, its hash.
_LISTS = {"peftline.capabilities", "peftline.locks", "peftline.partials", __name__}


def sha256(recipe: "Recipe") -> str:
    """Hash of the source of all modules that training this recipe imports."""
    acting = [entry for _, entry in _own(recipe)]
    return store.sha256_of([store.sha256_of_files(*files(modules(_TRAINING, recipe))), acting])


def sha256_without_recipe(*roots: str, without: str = "") -> str:
    """Hash of the source of modules and of all that they import, but for types on the axes.

    Args:
        without: a package that the roots import and that acts on what was trained alone.
    """
    names = {name for root in roots for name in modules(root, without=without)}
    return store.sha256_of_files(*files(sorted(names)))


def modules(root: str, recipe: "Recipe | None" = None, without: str = "") -> list[str]:
    """Names of a module and of those that it imports, also within functions.

    An axis of a recipe has a module for each type, and the module `types`, which lists them all.
    The list does not count, and of the types only the recipe's own with what they import: a type
    that is new or changed leaves the results of the others valid. Nor does a package count because
    one of its modules does: an `__init__.py` here defines and does nothing.

    Args:
        without: a package that does not count either.
    """
    graph = _graph()
    types = _types()
    lists = _LISTS | {f"{name.rpartition('.')[0]}.types" for name in types}
    own = {name for name, _ in _own(recipe)} if recipe else set()
    found, waiting = set(), [root, *own]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            imported = graph.find_modules_directly_imported_by(module) - lists
            if without:
                imported -= {without, *graph.find_descendants(without)}
            waiting += imported if module in types else imported - types
    return sorted(found)


def files(names: list[str]) -> list[Path]:
    """The files of modules of this package."""
    return [_file(_FOLDER.joinpath(*name.split(".")[1:])) for name in names]


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("peftline", exclude_type_checking_imports=True, cache_dir=None)


def _types() -> set[str]:
    """The modules of all types on all axes."""
    from peftline.recipe import AXES

    return {kind.__module__ for types in AXES.values() for kind in types}


def _own(recipe: "Recipe") -> list[tuple[str, list[str]]]:
    """The modules of a recipe's types, and what of them the lists name."""
    from peftline.recipe import AXES

    found = []
    for axis, types in AXES.items():
        kind = type(getattr(recipe, axis))
        found.append((kind.__module__, [getattr(part, "__name__", None) for part in types[kind]]))
    return found


def _file(path: Path) -> Path:
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
