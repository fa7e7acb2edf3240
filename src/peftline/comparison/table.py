"""The rows as a flat table, for CSV."""

from typing import Any

from peftline.comparison.pairs import is_significant
from peftline.comparison.result import Comparison, Row


def flat(found: Comparison) -> list[dict[str, Any]]:
    """A flat record for each row of a comparison, and for each run that failed or was left out."""
    return [
        *(_row(row, found) for row in found.rows),
        *(
            {"name": f["recipe"], "kind": "failed", "seeds": f["seed"], "reason": f["reason"]}
            for f in found.failures
        ),
        *(
            {"name": f["recipe"], "kind": "left out", "seeds": f["seed"], "reason": f["reason"]}
            for f in found.left_out
        ),
    ]


def _row(row: Row, found: Comparison) -> dict[str, Any]:
    pair = found.against_best.get(row.name)
    metric, difference = row.metric, pair.difference if pair else None
    return {
        "name": row.name,
        "kind": row.kind,
        "recipe": row.recipe,
        "seeds": " ".join(map(str, row.seeds)),
        "headline": found.headline,
        "value": metric.value if metric else None,
        "low": metric.low if metric else None,
        "high": metric.high if metric else None,
        "n": metric.n if metric else None,
        "groups": metric.groups if metric else None,
        "effective_groups": metric.effective_groups if metric else None,
        "design_effect": metric.design_effect if metric else None,
        "no_verdict": metric.no_verdict if metric else None,
        "seed_deviation": row.seed_deviation,
        "difference_to_best": difference.value if difference else None,
        "difference_low": difference.low if difference else None,
        "difference_high": difference.high if difference else None,
        "difference_seeds": " ".join(map(str, pair.seeds)) if pair else None,
        "p_value": pair.p_value if pair else None,
        "adjusted_p_value": pair.adjusted_p_value if pair else None,
        "differs_from_best": is_significant(pair) if pair else None,
        "not_testable": pair.not_testable if pair else None,
        "best_group": row.name in found.best_group,
        "tuned": row.tuned if row.kind == "recipe" else None,
        "candidates": row.candidates,
        "at_edge": row.at_edge if row.kind == "recipe" else None,
        "delivers": row.delivers or None,
        "validation_loss": row.validation_loss,
        **row.costs.model_dump(),
        **{
            f"pareto_{cost}": row.name in names if row.kind == "recipe" else None
            for cost, names in found.pareto.items()
        },
        **{f"metric_{name}": value for name, value in row.metrics.items()},
        "reason": None,
    }
