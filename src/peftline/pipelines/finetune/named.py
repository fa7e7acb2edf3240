"""Files and folders that a configuration names."""

from pathlib import Path

from peftline.handles import AdapterFolder
from peftline.paths import project_path, recipe_names
from peftline.recipe import Recipe
from peftline.schema import Evaluation


def parts_of(recipe: Recipe, run: dict, seed: int) -> list[AdapterFolder]:
    """The trained adapters that a recipe is made of: of other recipes, or by their folders."""
    from peftline.delivery import adapter

    folders = [
        Path(run["models"], name, f"seed-{seed}", "adapter")
        if name in recipe_names()
        else Path(project_path(name))
        for name in getattr(recipe.adapter, "adapters", ())
    ]
    return [adapter.describe(folder) for folder in folders]


def general_text(evaluation: Evaluation) -> Path | None:
    """The text that forgetting is measured on; None for the one that is shipped."""
    text = evaluation.general_text
    return Path(project_path(str(text))) if text else None
