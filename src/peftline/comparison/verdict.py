"""What a comparison says, in sentences."""

from peftline.comparison import costs, pairs, scope, words
from peftline.comparison.result import Comparison, Cost, Row

_LEAST: dict[Cost, str] = {
    "train_seconds": "fastest to train",
    "peak_memory_bytes": "least memory",
    "adapter_bytes": "smallest adapter",
}


def sentences(found: Comparison) -> list[str]:
    """Best recipe, its equals, the cheapest of them, what needs no training, what is detectable."""
    recipes = [row for row in found.rows if row.kind == "recipe"]
    if not recipes:
        return ["No finished run can be compared; the lists below say why."]
    best = recipes[0]
    if found.headline is None:
        return [
            f"Answers were not scored, so nothing is tested. By validation loss per token, "
            f"{best.name} is first: {words.score(best, found)}."
        ]
    if found.no_verdict:
        return [
            _best(best, found),
            f"No verdict: the test examples lie in {found.no_verdict}. Test on examples of more "
            "groups.",
        ]
    said = [_best(best, found), _equals(best, recipes, found), _cheapest(recipes, found)]
    said += [_untrained(best, found), _detectable(found), scope.sentence(recipes, found)]
    return [sentence for sentence in said if sentence]


def _best(best: Row, found: Comparison) -> str:
    extreme = "Highest" if found.higher_is_better else "Lowest"
    on = f" on {words.examples(best.metric)}" if best.metric else ""
    reason = best.metric.no_verdict if best.metric and not found.no_verdict else None
    weak = f" {words.NO_VERDICT}: no verdict on this value alone, {reason}." if reason else ""
    return f"{extreme} {found.headline}: {best.name} with {words.score(best, found)}{on}.{weak}"


def _equals(best: Row, recipes: list[Row], found: Comparison) -> str:
    if len(recipes) == 1:
        return "It is the only recipe."
    if not best.scores:
        return "Examples were not scored one by one, so no difference is tested."
    to_best = [found.against_best[row.name] for row in recipes if row.name in found.against_best]
    ahead = [pair.a for pair in to_best if pairs.beats(pair, found.higher_is_better)]
    untested = [pair.a for pair in to_best if pair.not_testable]
    equals = [name for name in found.best_group if name not in (best.name, *ahead)]
    worse = len(recipes) - 1 - len(equals) - len(ahead)
    how = "paired tests, Bonferroni over all comparisons with it, 5 %"
    said = []
    if ahead:
        said.append(
            f"But at the seeds that both have, {words.listing(ahead)} beat it ({how}): the means "
            "of these rows are over different seeds."
        )
    if equals:
        rest = f"; {_others(worse)} {'is' if worse == 1 else 'are'} worse" if worse else ""
        said.append(f"Not distinguishable from it ({how}): {words.listing(equals)}{rest}.")
    elif worse:
        said.append(f"It is significantly better than {_others(worse)} ({how}).")
    if untested:
        said.append(
            f"Too few groups of examples differ to test it against {words.listing(untested)}."
        )
    return " ".join(said)


def _others(count: int) -> str:
    return "the other recipe" if count == 1 else f"the other {count} recipes"


def _cheapest(recipes: list[Row], found: Comparison) -> str:
    group = [row for row in recipes if row.name in found.best_group]
    if len(group) < 2:
        return ""
    parts = []
    for name, title in _LEAST.items():
        known = [row for row in group if getattr(row.costs, name) is not None]
        if known:
            row = min(known, key=lambda row: getattr(row.costs, name))
            parts.append(f"{title} {row.name} ({costs.told(name, getattr(row.costs, name))})")
    return f"Cheapest among these, as measured: {', '.join(parts)}." if parts else ""


def _untrained(best: Row, found: Comparison) -> str:
    base = [row for row in found.rows if row.kind == "base" and row.metric]
    if not base:
        return ""
    row = base[0]  # rows stand in the order of the metric
    pair = found.against_best.get(row.name)
    told = f"Best without training: {row.name} with {words.score(row, found)}"
    if pair is None:
        return f"{told}."
    pair = pairs.turned(pair)
    outcome = "is not distinguishable from it"
    if pair.not_testable:
        outcome = f"cannot be tested against it, {pair.not_testable}"
    elif pairs.is_significant(pair):
        outcome = "beats it" if pairs.beats(pair, found.higher_is_better) else "is worse than it"
    return (
        f"{told}; {best.name} {outcome} ({words.difference(pair.difference, found.is_share)}, "
        f"adjusted p {words.p_value(pair.adjusted_p_value)})."
    )


def _detectable(found: Comparison) -> str:
    least = found.minimum_detectable
    if least is None:
        return ""
    alone, to_best = (words.points(one, found.is_share) for one in (least.alone, least.to_best))
    most = max(least.alone_by_seeds)
    with_most = words.points(least.alone_by_seeds[most], found.is_share)
    varies = f" ({with_most} where both have {most} seeds)" if len(least.alone_by_seeds) > 1 else ""
    return (
        f"Minimum detectable difference: {alone} between two recipes that were picked "
        f"beforehand{varies}, {to_best} between a recipe and the best of all. A true difference of "
        "that size is found in four of five such comparisons (median over pairs); smaller ones "
        "mostly are not."
    )
