"""The one error that users are meant to read, and how it lists what it found."""

import click


def listed(names: list[str], most: int = 10) -> str:
    """Names for a message; of many, the first."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


class PeftlineError(click.ClickException):
    """Says what was found, where, and what to do.

    A `ClickException`, so that `kedro run` prints the message without a traceback and exits with 1.
    """

    def __str__(self) -> str:
        return self.message
