"""Nodes of the compare pipeline."""

from typing import Any

from peftline import paths
from peftline.comparison.runs import Runs


def compare(runs: Runs) -> dict[str, Any]:
    """Lay all runs side by side: rows, paired tests, costs, and what is left out."""
    from peftline.comparison.compare import compare as compare_runs

    return compare_runs(runs, paths.recipe_descriptions()).model_dump(mode="json")


def tabulate(comparison: dict[str, Any]) -> Any:
    """A data frame: a line for each row, failed run and run that was left out."""
    import pandas as pd

    from peftline.comparison.result import Comparison
    from peftline.comparison.table import flat

    return pd.DataFrame(flat(Comparison(**comparison)))


def draw(comparison: dict[str, Any]) -> Any:
    """A figure of plotly: all rows with their intervals."""
    from peftline.comparison.result import Comparison
    from peftline.reports.forest import forest

    return forest(Comparison(**comparison))


def write_page(comparison: dict[str, Any], runs: Runs) -> str:
    """Tables, pictures and answers on one page."""
    from peftline.comparison.result import Comparison
    from peftline.reports.comparison import page

    return page(Comparison(**comparison), runs)
