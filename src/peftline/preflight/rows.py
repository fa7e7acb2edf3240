"""What is noteworthy about the rows of the data."""

from collections.abc import Iterator
from typing import Any

from peftline.preflight.problems import Problem, problem

_FEW_TEST_ROWS = 100  # an interval of +-10 points
_LONG_TAIL = 2  # so many times longer than 99.5 % is the longest: its memory is worth a word


def find(report: dict[str, Any]) -> list[Problem]:
    """All findings on rows that were left out or cut, on leakage, and on what the texts hold."""
    return [
        *_of_rows(report),
        *_of_lengths(report),
        *_of_leakage(report),
        *_of_benchmark(report),
        *_of_texts(report),
    ]


def _of_rows(report: dict[str, Any]) -> Iterator[Problem]:
    rows = report["rows"]
    if rows["dropped"]:
        reasons = ", ".join(f"{reason} {count}" for reason, count in rows["reasons"].items())
        yield problem(
            "warning",
            "rows_dropped",
            f"{rows['dropped']} of {rows['read']} rows are left out ({reasons}); dropped.jsonl "
            "lists them.",
            [row["origin"] for row in report["dropped"]],
        )
    if report["unread_fields"]:
        named = ", ".join(f"{name!r} ({n} rows)" for name, n in report["unread_fields"].items())
        yield problem(
            "warning",
            "unread_fields",
            f"fields that nothing reads: {named}. If one belongs to an example, name it in "
            "data.columns or set data.format.",
        )
    if report["near_duplicates"]:
        yield problem(
            "warning",
            "near_duplicates",
            f"{report['near_duplicates']} rows are almost the same as an earlier one "
            "(data.near_duplicates).",
        )
    if report["splits"]["test"] < _FEW_TEST_ROWS:
        yield problem(
            "warning",
            "few_test_rows",
            f"{report['splits']['test']} test rows give an interval wider than +-10 points.",
        )


def _of_lengths(report: dict[str, Any]) -> Iterator[Problem]:
    limit, lengths = report["limit"], report["lengths"]
    longest, most = lengths["longest"], lengths["suggested_limit"]
    advice = (
        f"rendering.max_length_tokens={most} would keep 99.5 % whole."
        if most > limit["tokens"]
        else f"rendering.max_length_tokens={longest} would keep all whole."
    )
    for outcome, count in report["not_whole"]["counts"].items():
        listed = [row for row in report["not_whole"]["rows"] if row["outcome"] == outcome]
        message = (
            f"{count} examples have nothing to learn and are left out."
            if outcome == "unsupervised"
            else f"{count} examples have more than {limit['tokens']} tokens and are {outcome}; "
            f"{advice}"
        )
        yield problem("warning", f"{outcome}_examples", message, [row["origin"] for row in listed])
    if longest <= limit["tokens"] and longest >= _LONG_TAIL * most:
        yield problem(
            "warning",
            "few_long_examples",
            f"99.5 % of the examples have at most {most} tokens, the longest has {longest}. "
            f"Nothing is cut now; rendering.max_length_tokens={most} would save memory, and the "
            f"0.5 % above would fall to rendering.too_long={limit['too_long']}.",
        )


def _of_leakage(report: dict[str, Any]) -> Iterator[Problem]:
    for name, rows in (("equal", "are those of"), ("alike", "resemble those of")):
        found = report["leakage"][name]
        if found:
            yield problem(
                "warning",
                f"leakage_{name}",
                f"the prompts of {len(found)} training rows {rows} validation or test rows.",
                found,
            )


def _of_benchmark(report: dict[str, Any]) -> Iterator[Problem]:
    benchmark = report["benchmark"] or {"overlapping": [], "not_compared": 0}
    found = benchmark["overlapping"]
    if found:
        yield problem(
            "warning",
            "benchmark_overlap",
            f"{len(found)} training rows share 13 words in a row, or a whole shorter text, with "
            "the benchmark.",
            found,
        )
    if benchmark["not_compared"]:
        yield problem(
            "warning",
            "benchmark_not_compared",
            f"{benchmark['not_compared']} of {benchmark['rows']} rows of the benchmark have fewer "
            "than 5 words; they were not looked for.",
        )


def _of_texts(report: dict[str, Any]) -> Iterator[Problem]:
    if report["neutralised"]:
        yield problem(
            "warning",
            "special_tokens_in_texts",
            f"texts hold special tokens in {report['neutralised']} places; each is split by a "
            "zero-width space, so that it is read as text.",
        )
    for kind, rows in (report["private"] or {}).items():
        yield problem(
            "warning", "private_data", f"{len(rows)} rows look as if they hold: {kind}.", rows
        )
