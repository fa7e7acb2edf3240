"""From the runs of a root to all that can be said about them."""

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from peftline.comparison import base as without_training
from peftline.comparison import costs, groups, pairs, scores, seeds, verdict, versions
from peftline.comparison import rows as tables
from peftline.comparison.result import Comparison, Row
from peftline.comparison.runs import Run, Runs
from peftline.errors import listed
from peftline.evaluation import metrics
from peftline.evaluation.metrics.metric_set import MetricSet


def compare(runs: Runs, about: Mapping[str, str] | None = None) -> Comparison:
    """Lay runs side by side: rows, paired tests, costs, and what is left out.

    Args:
        runs: of one root.
        about: what each recipe is, by its name; shown as it is.
    """
    group = groups.comparable(runs.runs)
    one_text, other_texts = costs.of_one_text(group.runs)
    kept, other_machines = costs.of_one_machine(one_text)
    chosen = metrics.of_summary(kept[0].summary) if kept else None
    better = operator.gt if chosen is None or chosen.higher_is_better else operator.lt
    recipes = tables.of_recipes(kept, chosen, runs.sweep, dict(about or {}))
    base, notes = without_training.rows(kept, chosen)
    notes = [*notes, *other_texts, *other_machines, *_other_rows(kept), *_outdated(runs)]
    ordered = sorted([*recipes, *base], key=lambda row: _rank(row, chosen))
    spread = seeds.of_rows(recipes)
    tested = pairs.compare_all(ordered, spread)
    best = next((row for row in ordered if row.kind == "recipe"), None)
    against_best = pairs.against(best, tested)
    first = kept[0].summary if kept else {}
    found = Comparison(
        root=runs.root.name,
        verdict=[],
        headline=chosen.headline if chosen else None,
        higher_is_better=chosen.higher_is_better if chosen else False,
        is_share=bool(chosen and chosen.is_share),
        rows=ordered,
        example_ids=scores.example_ids(kept[0].predictions, chosen) if kept else [],
        pairs=tested,
        best=best.name if best else None,
        against_best=against_best,
        best_group=(
            pairs.best_group(best, ordered, against_best, chosen.higher_is_better) if chosen else []
        ),
        minimum_detectable=pairs.detectable(ordered, tested),
        seed_spread=spread.told(),
        pareto={cost: costs.pareto(recipes, cost, better) for cost in costs.COSTS},
        failures=[asdict(failure) for failure in runs.failures],
        left_out=[run._asdict() for run in group.left_out],
        notes=notes,
        data=first.get("data", {}),
        base_model=first.get("base_model", {}),
        rendering=first.get("rendering", {}),
        versions=_versions(kept),
        machine=_machine(kept),
        git_shas=sorted({run.summary["git_sha"] for run in kept if run.summary["git_sha"]}),
        sweep=_sweep(runs),
    )
    return found.model_copy(update={"verdict": [*verdict.sentences(found), *versions.advice(runs)]})


def _rank(row: Row, chosen: MetricSet | None) -> tuple[bool, float, float]:
    """Best first; the faster of equals; rows without a value last.

    Where nothing was scored, recipes are ordered by validation loss.
    """
    value = row.metric.value if row.metric else row.validation_loss
    if value is None:
        return True, 0.0, 0.0
    turned = -value if chosen and chosen.higher_is_better else value
    return False, turned, row.costs.train_seconds or 0.0


def _versions(kept: list[Run]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for run in kept:
        for library, version in run.summary["versions"].items():
            found.setdefault(library, set()).add(str(version))
    return {library: sorted(versions) for library, versions in found.items()}


def _machine(kept: list[Run]) -> str | None:
    """Of the runs whose seconds are shown."""
    return next(
        (
            costs.machine(run)
            for run in kept
            if run.summary.get("hardware") and run.summary["train_seconds"] is not None
        ),
        None,
    )


def _other_rows(kept: list[Run]) -> list[str]:
    """That recipes have learnt from unlike rows."""
    recipes: dict[str, set[str]] = {}
    for run in kept:
        recipes.setdefault(run.summary["data"]["sha256"][:8], set()).add(run.recipe)
    if len(recipes) < 2:
        return []
    of_data = (f"{data} ({listed(sorted(names))})" for data, names in sorted(recipes.items()))
    return [
        f"The test questions are the same, the training data is not: sha256 "
        f"{', '.join(of_data)}. Validation losses are of other rows."
    ]


def _outdated(runs: Runs) -> list[str]:
    count = len(runs.sweep.outdated) if runs.sweep else 0
    told = "1 run of the sweep is" if count == 1 else f"{count} runs of the sweep are"
    return [f"{told} outdated and not shown."] if count else []


def _sweep(runs: Runs) -> dict[str, Any] | None:
    if runs.sweep is None:
        return None
    sweep = runs.sweep.model_dump(include={"name", "selection", "tuning_share", "wall_seconds"})
    stages = Counter(point.stage for point in runs.sweep.points)
    return {**sweep, "whole": stages["final"], "tuning": stages["tuning"]}
