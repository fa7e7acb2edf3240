"""A run whose base does not fit the device in 16 bits: scored in four, merged on the host."""

import json

import pytest

from peftline.comparison.groups import comparable
from peftline.comparison.runs import read
from tests.conftest import copy_project

# The tiny model has 0.2 MB in 16 bits.
SMALL = {"memory_bytes": 1000, "latency": True, "few_shot": 0}


@pytest.fixture(scope="module")
def project(tmp_path_factory, run, pytestconfig):
    """A run on too small a device, beside one with the same settings on a larger one."""
    folder = copy_project(pytestconfig.rootpath, tmp_path_factory.mktemp("small") / "project")
    # What is measured here is what happens, not whether it fits.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("peftline.preflight.findings._of_memory", lambda report: iter(()))
        run(folder, "qlora", evaluation=SMALL)
    run(folder, "lora", evaluation=SMALL | {"memory_bytes": None})
    return folder / "data/test"


@pytest.fixture(scope="module")
def summary(project):
    return json.loads((project / "08_reporting/qlora/seed-42/summary.json").read_text())


def test_the_summary_and_its_verdict_say_what_was_scored(summary):
    assert summary["scored_on"] == "quantized"
    assert "Scored on the base in nf4, for the base in 16 bits does not fit" in summary["verdict"]
    assert summary["metrics"]["exact_match"]["n"] == 8
    assert summary["metrics_quantized"] is None and summary["metrics_unquantized"] is None


def test_nothing_was_merged_but_what_is_delivered(summary, project):
    assert summary["merge"]["verified"] is True
    assert (project / "06_models/qlora/seed-42/merged/config.json").exists()
    assert summary["generation"]["merged_tokens_per_second"] is None
    assert summary["generation"]["unmerged_tokens_per_second"] > 0


def test_a_comparison_lists_it_apart(project):
    group = comparable(read(project).runs)
    assert len(group.runs) == 1
    (apart,) = group.left_out
    assert "another form of the base (it was scored on the" in apart.reason
