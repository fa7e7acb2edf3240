"""Take rows as they are: generated, from files, or from a hub data set."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peftline import jsonl, store, tool_calls
from peftline.errors import PeftlineError
from peftline.handles import RawRows
from peftline.schema import Data

GENERATED = "tool_calls"
SUFFIXES = (".json", ".jsonl")


def ingest(config: Data, root: Path) -> RawRows:
    """Store the rows of the configured source, each with the file and number it came from.

    Raises:
        PeftlineError: the source does not exist, is not JSON, or has no rows.
    """
    import peftline.corpus

    key = {
        "source": _identity(config),
        "max_rows": config.max_rows,
        "revision": config.revision,
        "code": store.code_hash(peftline.corpus),
    }
    path, manifest = store.build(root / "01_raw", key, lambda folder: _store(config, folder))
    return RawRows(path=path, **manifest)


def _identity(config: Data) -> Any:
    if config.source == GENERATED:
        sizes = [config.train_rows, config.validation_rows, config.test_rows, config.seed]
        return [GENERATED, sizes, store.code_hash(tool_calls)]
    files = _files(config.source)
    if files:
        return [[file.name for file in files], store.sha256_of_files(*files)]
    return [config.source, config.split]


def _store(config: Data, folder: Path) -> dict[str, Any]:
    rows = list(_read(config))
    if config.max_rows is not None and len(rows) > config.max_rows and config.source != GENERATED:
        rows = sorted(rows, key=lambda row: store.sha256_of(row["value"]))[: config.max_rows]
        rows.sort(key=lambda row: (row["file"], row["row"]))
    if not rows:
        raise PeftlineError(
            f"data.source={config.source}: the data set is empty. Name a source with at least one "
            "row."
        )
    jsonl.write(folder / "rows.jsonl", rows)
    return {
        "source": _name(config.source),
        "rows": len(rows),
        "sha256": store.sha256_of_files(folder / "rows.jsonl"),
    }


def _name(source: str) -> str:
    return Path(source).name if Path(source).exists() else source


def _read(config: Data) -> Iterator[dict[str, Any]]:
    if config.source == GENERATED:
        rows = tool_calls.generate(
            train=config.train_rows,
            validation=config.validation_rows,
            test=config.test_rows,
            seed=config.seed,
        )
        yield from _numbered(GENERATED, rows)
        return
    for file in _files(config.source):
        yield from _numbered(file.name, _rows_of(file))
    if not Path(config.source).exists():
        yield from _numbered(config.source, _hub_rows(config))


def _numbered(file: str, rows: Any) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, start=1):
        yield {"file": file, "row": number, "value": row}


def _files(source: str) -> list[Path]:
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
        if not files:
            raise PeftlineError(
                f"data.source={source}: the folder has no file that ends in "
                f"{' or '.join(SUFFIXES)}. Convert the data to JSON lines, or name another folder."
            )
        return files
    looks_like_a_file = path.suffix in (*SUFFIXES, ".csv", ".parquet", ".txt", ".gz")
    if source != GENERATED and (looks_like_a_file or source.count("/") != 1):
        raise PeftlineError(
            f"data.source={source}: there is no such file or folder (looked in {Path.cwd()}). "
            f"Give a path to a {' or '.join(SUFFIXES)} file, a folder, a hub id (owner/name), "
            f"or '{GENERATED}'."
        )
    return []


def _rows_of(file: Path) -> Iterator[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PeftlineError(
            f"{file.name}: byte {error.start} is not UTF-8. Save the file as UTF-8."
        ) from error
    if file.suffix == ".json":
        values = _parse(file.name, text)
        if not isinstance(values, list):
            raise PeftlineError(
                f"{file.name}: found {type(values).__name__} at the top, not a list of rows. "
                "Put the rows into a list, or one object a line into a .jsonl file."
            )
        yield from values
        return
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                found.append(f"{file.name}, line {number}: not JSON ({error.msg}).")
    if found:
        more = f" {len(found) - 20} more lines like this." if len(found) > 20 else ""
        raise PeftlineError("\n".join(found[:20]) + more + " Write one JSON object a line.")


def _parse(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise PeftlineError(
            f"{name}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}). "
            "A .json file holds a list of rows; one object a line belongs into a .jsonl file."
        ) from error


def _hub_rows(config: Data) -> Iterator[dict[str, Any]]:
    import datasets

    try:
        yield from datasets.load_dataset(
            config.source, split=config.split, revision=config.revision
        )
    except (OSError, ValueError, datasets.exceptions.DatasetNotFoundError) as error:
        raise PeftlineError(
            f"data.source={config.source}: neither a file here nor a hub data set that can be "
            f"loaded ({str(error).strip().splitlines()[0][:200]}). Check the spelling and the "
            f"network, or use '{GENERATED}'."
        ) from error
