import pytest

from peftline import formats
from peftline.formats.problem import RowProblem


@pytest.fixture
def read():
    """Read a row, in the format that it is found to have or a given one."""

    def read_row(row, format_=None, **settings):
        return formats.read(row, formats.FORMATS[format_ or formats.detect(row)], **settings)

    return read_row


@pytest.fixture
def problem(read):
    """Kind and message of what is wrong with a row."""

    def read_bad(row, format_=None):
        with pytest.raises(RowProblem) as caught:
            read(row, format_)
        return caught.value.kind, str(caught.value)

    return read_bad


@pytest.fixture
def dialogue():
    """(role, text) of all turns of an example."""
    return lambda example: [(message.role, message.text) for message in example.messages]
