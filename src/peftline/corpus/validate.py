"""Check every row and read it into the canonical form; nothing is left out without a reason."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from peftline import formats, jsonl, store
from peftline.errors import PeftlineError
from peftline.formats.example import Example
from peftline.handles import Examples, RawRows
from peftline.schema import Data

_LISTED = 10  # row numbers named in a message; all are in the table of dropped rows


def validate(raw: RawRows, config: Data, root: Path) -> Examples:
    """Read all rows; rows kept + rows dropped = rows read.

    Raises:
        PeftlineError: rows have problems that are not set to `drop`, or no row is left. All
            problems are reported together, with row numbers.
    """
    import peftline.corpus

    key = {
        "raw": raw.sha256,
        "format": config.format,
        "empty_answer": config.empty_answer,
        "code": store.code_hash(formats, peftline.corpus),
    }
    path, manifest = store.build(
        root / "02_intermediate", key, lambda folder: _store(raw, config, folder)
    )
    return Examples(path=path, **manifest)


def _store(raw: RawRows, config: Data, folder: Path) -> dict[str, Any]:
    rows = list(jsonl.read(raw.path / "rows.jsonl"))
    name = _detect(rows) if config.format == "auto" else config.format
    kept, dropped = _sort_out(rows, formats.FORMATS[name], config)
    if not kept:
        raise PeftlineError(
            f"{raw.source}: no row is left of {len(rows)}; all were dropped "
            f"({dropped[0]['reason']}). Check the data or change the policy that drops them."
        )
    jsonl.write(folder / "examples.jsonl", (example.model_dump() for example in kept))
    jsonl.write(folder / "dropped.jsonl", dropped)
    return {
        "format": name,
        "rows_read": len(rows),
        "rows_kept": len(kept),
        "rows_dropped": len(dropped),
        "sha256": store.sha256_of_files(folder / "examples.jsonl"),
    }


def _detect(rows: list[dict[str, Any]]) -> str:
    first = rows[0]["value"]
    for name, module in formats.FORMATS.items():
        if isinstance(first, dict) and module.matches(first):
            return name
    fields = ", ".join(first) if isinstance(first, dict) else type(first).__name__
    known = "; ".join(f"{n}: {', '.join(m.FIELDS)}" for n, m in formats.FORMATS.items())
    raise PeftlineError(
        f"{rows[0]['file']}, row {rows[0]['row']}: the format is not known (found: {fields}). "
        f"Known formats and the fields they need: {known}."
    )


def _sort_out(
    rows: list[dict[str, Any]], reader: Any, config: Data
) -> tuple[list[Example], list[dict[str, Any]]]:
    kept: dict[str, Example] = {}
    ids: set[str] = set()
    dropped: list[dict[str, Any]] = []
    problems: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        value = row["value"]
        if not isinstance(value, dict):
            problems[row["file"], f"found {type(value).__name__}, not an object"].append(row["row"])
        elif problem := reader.problem(value):
            problems[row["file"], problem].append(row["row"])
        elif not reader.is_answered(value):
            if config.empty_answer == "raise":
                problems[row["file"], "the answer is empty"].append(row["row"])
            dropped.append({"file": row["file"], "row": row["row"], "reason": "empty answer"})
        else:
            example = reader.to_example(value)
            content = store.sha256_of([message.model_dump() for message in example.messages])
            if example.id in ids and content not in kept:
                problems[row["file"], "the id stands in an earlier row too"].append(row["row"])
            ids.add(example.id)
            if content in kept:
                reason = f"duplicate of example {kept[content].id}"
                dropped.append({"file": row["file"], "row": row["row"], "reason": reason})
            else:
                kept[content] = example
    if problems:
        raise PeftlineError("\n".join(_describe(*item) for item in problems.items()))
    return list(kept.values()), dropped


def _describe(where: tuple[str, str], numbers: list[int]) -> str:
    file, problem = where
    listed = ", ".join(str(number) for number in numbers[:_LISTED])
    listed += ", …" if len(numbers) > _LISTED else ""
    advice = (
        "Set data.empty_answer=drop to leave them out, or fill them in."
        if problem == "the answer is empty"
        else "Correct or remove these rows."
    )
    have = "row has" if len(numbers) == 1 else "rows have"
    return (
        f"{file}, row {numbers[0]}: {problem}. {len(numbers)} {have} this problem ({listed}). "
        f"{advice}"
    )
