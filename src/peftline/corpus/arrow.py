"""Rows of Parquet and Arrow files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peftline.errors import PeftlineError, first_line

_ROWS = 1000  # of Parquet, held at once


def rows(file: Path) -> Iterator[dict[str, Any]]:
    """All rows of a file, in batches.

    Raises:
        PeftlineError: the file is not what its name says.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        if file.suffix.lower() == ".parquet":
            batches = parquet.ParquetFile(file).iter_batches(batch_size=_ROWS)
        else:
            batches = _batches(file)
        for batch in batches:
            yield from map(plain, batch.to_pylist())
    except (pyarrow.ArrowException, OSError) as error:
        kind = file.suffix[1:].capitalize()
        raise PeftlineError(
            f"{file.name}: not a whole {kind} file ({first_line(error)}). Write or download it "
            "again."
        ) from error


def _batches(file: Path) -> Iterator[Any]:
    import pyarrow
    from pyarrow import ipc

    with pyarrow.OSFile(str(file)) as source:
        try:
            reader = ipc.open_file(source)
        except pyarrow.ArrowInvalid:  # what `datasets` writes is a stream
            source.seek(0)
            yield from ipc.open_stream(source)
            return
        yield from (reader.get_batch(at) for at in range(reader.num_record_batches))


def plain(value: Any) -> Any:
    """A value in the words of JSON; what is null is left out.

    Arrow gives every row the fields of all others, filled with null: a call of one tool would
    have the arguments of every tool otherwise.
    """
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")  # what is no text is refused by its U+FFFD
    return value if value is None or isinstance(value, str | int | float) else str(value)
