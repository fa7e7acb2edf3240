"""All finished runs, side by side."""

from kedro.pipeline import Node, Pipeline

from peftline.pipelines.compare.nodes import compare, draw, tabulate, write_page


def create_pipeline() -> Pipeline:
    """compare -> table, plot and page."""
    return Pipeline(
        [
            Node(compare, "runs", "comparison", name="compare"),
            Node(tabulate, "comparison", "comparison_table", name="tabulate"),
            Node(draw, "comparison", "comparison_plot", name="draw"),
            Node(write_page, ["comparison", "runs"], "comparison_page", name="write_page"),
        ],
        tags="compare",
    )
