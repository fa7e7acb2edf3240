"""A run leaves what came of it, also when nobody waits for it any more."""

import sys

import pytest
from kedro.framework.cli import cli

from peftline.sweep import child, launch


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a child whose `kedro` does as told; what it leaves."""

    def ends(how):
        monkeypatch.setattr(cli, "main", how)
        monkeypatch.setattr(sys, "argv", [])
        config = launch.written(tmp_path, {"pipelines": "lora"})
        try:
            child.run(config)
        except BaseException as error:  # noqa: BLE001
            return error, launch.ended(tmp_path)
        return None, launch.ended(tmp_path)

    return ends


def leaves(code):
    def main():
        assert sys.argv[:2] == ["kedro", "run"] and sys.argv[2].endswith("run.yml")
        sys.exit(code)

    return main


@pytest.mark.parametrize(("given", "code"), [(0, 0), (None, 0), (1, 1), ("an error", 1)])
def test_its_exit_code_is_left(run, given, code):
    error, left = run(leaves(given))
    assert isinstance(error, SystemExit) and left.code == code and left.seconds >= 0


def test_an_error_that_nobody_has_caught_is_a_failure(run):
    def main():
        raise ValueError("no")

    error, left = run(main)
    assert isinstance(error, ValueError) and left.code == 1


def interrupted():
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", [leaves(143), leaves(129), interrupted])
def test_an_interrupted_run_has_not_come_to_its_end(run, how):
    assert run(how)[1] is None


def test_a_new_run_takes_away_what_came_of_the_last(run, tmp_path):
    run(leaves(0))
    assert launch.ended(tmp_path)
    launch.written(tmp_path, {})
    assert launch.ended(tmp_path) is None
