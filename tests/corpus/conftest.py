import pytest

from peftline import jsonl
from peftline.corpus.deduplicate import deduplicate
from peftline.corpus.ingest import ingest
from peftline.corpus.validate import validate
from peftline.data_schema import Data
from peftline.errors import PeftlineError


@pytest.fixture
def settings():
    """Settings of the data with a source."""

    def make(source="tool_calls", **changes):
        sizes = {"train_rows": 4, "validation_rows": 2, "test_rows": 2}
        return Data(**{"source": str(source), **sizes, **changes})

    return make


@pytest.fixture
def take(tmp_path, settings):
    """Ingest a source; returns the rows as they were stored."""

    def run(source, **changes):
        raw = ingest(settings(source, **changes), tmp_path)
        return list(jsonl.read(raw.path / "rows.jsonl"))

    return run


@pytest.fixture
def nothing_left(tmp_path):
    """Assert that a step that failed has left no folder, whole or half-written."""

    def check(*layers):
        for layer in layers:
            assert not list((tmp_path / layer).glob("*")), "something was left behind"

    return check


@pytest.fixture
def refused(take, nothing_left):
    """The message with which a source is refused by ingest."""

    def run(source, **changes):
        with pytest.raises(PeftlineError) as caught:
            take(source, **changes)
        nothing_left("01_raw")
        return str(caught.value)

    return run


@pytest.fixture
def check(tmp_path, write_rows, settings):
    """Ingest and validate rows; returns the handle, the examples and the dropped rows."""

    def run(rows, name="rows.jsonl", **changes):
        config = settings(write_rows(rows, name), **changes)
        return opened(validate(ingest(config, tmp_path), config, tmp_path))

    return run


@pytest.fixture
def clean(tmp_path, write_rows, settings):
    """As `check`, and deduplicate."""

    def run(rows, name="rows.jsonl", **changes):
        config = settings(write_rows(rows, name), **changes)
        valid = validate(ingest(config, tmp_path), config, tmp_path)
        return opened(deduplicate(valid, config, tmp_path))

    return run


def opened(examples):
    kept = list(jsonl.read(examples.path / "examples.jsonl"))
    return examples, kept, list(jsonl.read(examples.path / "dropped.jsonl"))
