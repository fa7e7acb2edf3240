"""MLflow's database on this disk."""

import contextlib
from pathlib import Path

from peftline import locks

_SQLITE = "sqlite:///"


def opened_alone(uri: str) -> contextlib.AbstractContextManager[None]:
    """While the block runs, no other process of this project opens the same database.

    MLflow 3.17 makes and migrates its tables without a lock when a store is opened: of four
    processes that open a new SQLite file at once, all but one fail, in most tries all four. A
    tracking server makes its tables itself.
    """
    if not uri.startswith(_SQLITE):
        return contextlib.nullcontext()
    database = Path(uri.removeprefix(_SQLITE))
    return locks.held(database.with_name(f".{database.name}.lock"), str(database))
