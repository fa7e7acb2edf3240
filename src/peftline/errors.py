"""The one error that users are meant to read, and what its messages are made of."""

import click


def listed(names: list[str], most: int = 10) -> str:
    """Names for a message; of many, the first."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def first_line(error: Exception) -> str:
    """What an exception of a library says, for a message; its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]


class PeftlineError(click.ClickException):
    """Says what was found, where, and what to do.

    A `ClickException`, so that `kedro run` prints the message without a traceback and exits with 1.
    """

    def __str__(self) -> str:
        return self.message
