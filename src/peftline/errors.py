"""The one error that users are meant to read."""

import click


class PeftlineError(click.ClickException):
    """Says what was found, where, and what to do.

    A `ClickException`, so that `kedro run` prints the message without a traceback and exits with 1.
    """

    def __str__(self) -> str:
        return self.message
