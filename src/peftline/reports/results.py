"""A comparison as Markdown, for `docs/results.md`."""

from typing import Any

from peftline import units
from peftline.comparison import pairs, words
from peftline.comparison.result import Comparison, Row
from peftline.reports.columns import with_values
from peftline.reports.raw import FOLDER, SCORES


def render(found: Comparison, command: str, date: str, machine: str | None = None) -> str:
    """All rows, what differs significantly, and what failed.

    Args:
        found: the comparison.
        command: that made the document, as it is to be typed.
        date: of the document.
        machine: on which the runs were made, in words; as the summaries have it if it is not given.
    """
    parts = [
        "# Results",
        f"Made by `{command}`; numbers are measured, not typed. [{FOLDER}/]({FOLDER}/) holds the "
        f"summary of each run{_of_scores(found)}.",
        "\n".join(f"- {_plain(sentence)}" for sentence in found.verdict),
        _facts(found, date, machine),
        "## All rows",
        _rows(found),
        _explanation(found),
        *_remarks(found),
        "## Significant differences",
        _differences(found),
        *_by_rows(found),
        *_all_metrics(found),
        *_missing(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _of_scores(found: Comparison) -> str:
    if not found.example_ids:
        return ""
    return f", and what each test example scored in each row ({SCORES})"


def _facts(found: Comparison, date: str, machine: str | None) -> str:
    base, data = found.base_model, found.data
    facts = {"date": date, "machine": machine or found.machine or "not stated"}
    if base:
        facts["base model"] = f"{base['id']}, sha256 `{base['sha256'][:12]}`"
        facts["data"] = (
            f"{data['train']} training, {data['validation']} validation and {data['test']} test "
            f"examples{_in_groups(found)}, sha256 `{data['sha256'][:12]}`"
        )
    if found.sweep:
        facts |= _of_sweep(found.sweep)
    versions = (f"{name} {' and '.join(known)}" for name, known in found.versions.items())
    facts["versions"] = ", ".join(versions)
    facts["commits"] = ", ".join(f"`{sha[:10]}{sha[40:]}`" for sha in found.git_shas) or "unknown"
    return "\n".join(
        f"- {name}: {value if '`' in value else _plain(value)}" for name, value in facts.items()
    )


def _in_groups(found: Comparison) -> str:
    if not found.has_groups:
        return ""
    return f" in {found.groups} groups ({found.effective_groups:.1f} effective)"


def _of_sweep(sweep: dict[str, Any]) -> dict[str, str]:
    counts = f"{sweep['whole']} whole and {sweep['tuning']} tuning runs"
    facts = {"sweep": f"{sweep['name']}, {counts}"}
    if sweep["tuning"] and sweep["selection"] and sweep["tuning_share"]:
        facts["tuning"] = (
            f"each for {100 * sweep['tuning_share']:.0f} % of the steps, "
            f"chosen by {sweep['selection']}"
        )
    if sweep["wall_seconds"]:
        facts["wall time"] = units.duration(sweep["wall_seconds"])
    return facts


def _rows(found: Comparison) -> str:
    columns, _ = with_values(found)
    titles = ["", found.headline or "validation loss", *(column.title for column in columns)]
    lines = [titles, ["---", "---", *("---:" if one.is_number else "---" for one in columns)]]
    for row in found.rows:
        cells = [words.score(row, found), *(column.text(row) for column in columns)]
        lines.append([_name(row, found), *map(_plain, cells)])
    for failure in found.failures:
        seed = "" if failure["seed"] is None else f", seed {failure['seed']}"
        told = [f"{_plain(failure['recipe'])}{seed}", f"no result: {_plain(failure['reason'])}"]
        lines.append([*told, *[""] * len(columns)])
    return _table(lines)


def _table(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _name(row: Row, found: Comparison) -> str:
    name = f"*{_plain(row.name)}*" if row.kind == "base" else _plain(row.name)
    return f"**{name}**" if row.name in found.best_group else name


def _explanation(found: Comparison) -> str:
    _, unmeasured = with_values(found)
    parts = [
        "Bold: the best recipe and those that are not significantly worse by adjusted p "
        "(Bonferroni over all comparisons with the best, at the seeds that both have); italic: "
        "without training. Intervals are 95 %: of rows over other groups of test examples, of "
        "differences over other seeds too where these have a spread of their own; unlike p-values, "
        "they are of one pair alone, not adjusted for many. Those of forgetting are over the "
        "paragraphs of this text."
    ]
    reasons = [row for row in found.rows if row.metric and row.metric.no_verdict]
    if reasons:
        told = "; ".join(f"{row.name}: {row.metric.no_verdict}" for row in reasons)
        parts.append(_plain(f"{words.NO_VERDICT}: no verdict on this value alone ({told})."))
    if unmeasured:
        parts.append(f"Without a value in any of these runs: {', '.join(unmeasured)}.")
    return " ".join([*parts, *map(_plain, found.notes)])


def _remarks(found: Comparison) -> list[str]:
    """What the table does not say: parts, edges, and what was found in training."""
    lines = [f"- {_plain(row.name)}: {_plain(note)}" for row in found.rows for note in row.notes]
    lines += [
        f"- {_plain(row.name)}, seed {one['seed']}, {_plain(one['name'])}: "
        f"{_plain(one['evidence'])} {_plain(one['advice'])}"
        for row in found.rows
        for one in row.health
    ]
    return ["## Remarks", "\n".join(lines)] if lines else []


def _all_metrics(found: Comparison) -> list[str]:
    """Means over seeds, without intervals."""
    names = list(dict.fromkeys(name for row in found.rows for name in row.metrics))
    if len(names) < 2:
        return []
    lines = [["", *names], ["---", *["---:"] * len(names)]]
    for row in found.rows:
        values = [words.value(row.metrics.get(name), found.is_share) for name in names]
        lines.append([_name(row, found), *map(_plain, values)])
    return ["## All metrics", _table(lines)]


def _differences(found: Comparison) -> str:
    """What each row is significantly better than."""
    if not found.pairs:
        return "Nothing was tested: examples were not scored one by one."
    tests = (
        "Paired tests on the same examples, by their groups, of recipes at the seeds that both "
        f"have, adjusted by Holm over {len(found.pairs)} pairs, 5 %."
    )
    untestable = sum(pair.not_testable is not None for pair in found.pairs)
    if untestable:
        tests += (
            f" {untestable} of them are not testable: so few groups differ that no p-value could "
            "be small enough."
        )
    lines = _better_than(pairs.differing(found.pairs, found.higher_is_better), found)
    if not lines:
        return f"{tests} No two rows differ significantly."
    return "\n".join([tests, "", *lines])


def _by_rows(found: Comparison) -> list[str]:
    """What would be significant besides if examples of a group did not belong together."""
    if not found.has_groups or not found.pairs:
        return []
    told = (
        "Tests that take every test example for itself, as if no two shared a group, call "
        f"{len(found.only_by_rows)} more of the {len(found.pairs)} pairs significant"
    )
    lines = _better_than(found.only_by_rows, found)
    text = "\n".join([f"{told}. By groups these differences are not shown:", "", *lines])
    return ["## What groups change", text if lines else f"{told}."]


def _better_than(differing: list[tuple[str, str]], found: Comparison) -> list[str]:
    """A line for the rows that are better than the same others."""
    beaten: dict[str, list[str]] = {}
    for better, worse in differing:
        beaten.setdefault(better, []).append(worse)
    alike: dict[tuple[str, ...], list[str]] = {}  # winners by what they are better than
    for row in found.rows:
        if row.name in beaten:
            alike.setdefault(tuple(beaten[row.name]), []).append(row.name)
    return [
        f"- {_plain(words.listing(names))} {'is' if len(names) == 1 else 'are'} better than "
        f"{_plain(words.listing(list(worse)))}."
        for worse, names in alike.items()
    ]


def _missing(found: Comparison) -> list[str]:
    if not found.left_out:
        return []
    lines = [
        f"- {_plain(one['recipe'])}, seed {one['seed']}: {_plain(one['reason'])}."
        for one in found.left_out
    ]
    return ["## Not comparable", "\n".join(lines)]


def _plain(text: Any) -> str:
    """Text that neither ends a cell nor starts markup."""
    escaped = " ".join(str(text).split())
    for character in "\\|<>`*[]":
        escaped = escaped.replace(character, f"\\{character}")
    return escaped
