"""`kedro rescore` on runs that recipes have left."""

import json
import shutil

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from peftline import jsonl
from peftline.cli import cli
from peftline.machine import Hardware


@pytest.fixture
def project(tiny_project, tmp_path, monkeypatch):
    """A copy of the project in which lora and qlora have been run with --env=test."""
    folder = tmp_path / "project"
    shutil.copytree(tiny_project, folder)
    monkeypatch.chdir(folder)
    bootstrap_project(folder)
    return folder


def summaries(project):
    reports = project / "data/test/08_reporting"
    return {
        name: json.loads((reports / name / "seed-42/summary.json").read_text())
        for name in ("lora", "qlora")
    }


def test_answers_scored_anew_by_the_same_metrics_give_the_same_summary(project, change_source):
    output = project / "data/test/07_model_output"
    files = sorted(output.glob("*/seed-42/predictions.jsonl")) + [output / "base/predictions.jsonl"]
    before, answers = summaries(project), [list(jsonl.read(file)) for file in files]
    change_source("tool_calls/scoring.py")  # in words alone
    done = CliRunner().invoke(cli, ["rescore", "--env", "test"])
    assert done.exit_code == 0, done.output
    assert "07_model_output/base: scored anew" in done.output
    assert "3 scored anew, 0 that could not be, 0 that are of today's" in done.output
    assert [list(jsonl.read(file)) for file in files] == answers
    for name, after in summaries(project).items():
        for renewed in ("scoring_sha256", "base_scores_sha256"):
            assert after.pop(renewed) != before[name].pop(renewed)
        assert after == before[name]
    again = CliRunner().invoke(cli, ["rescore", "--env", "test"])
    assert "0 scored anew, 0 that could not be, 3 that are of today's" in again.output


def test_a_summary_says_what_a_comparison_goes_by(project):
    for summary in summaries(project).values():
        assert summary["metric_set"] == "tool_calls" and len(summary["scoring_sha256"]) == 64
        assert len(summary["data"]["test_sha256"]) == 64
        assert Hardware.model_validate(summary["hardware"]).cores >= 1
        assert summary["objective"] == "sft" and summary["start_from"] is None
        assert summary["not_asked"] == {}
