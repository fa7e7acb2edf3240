"""Every recipe file runs from data to summary, through a Kedro session."""

import json
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

import peftline
from peftline.base_model.loading import load_model
from peftline.capabilities import delivers
from tests.conftest import copy_project
from tests.methods.recipes import VALUES

# test_recipes.py runs the two; a fusion comes after its parts.
OTHERS = sorted(set(VALUES) - {"lora", "qlora"}, key=lambda name: (name == "adapter_fusion", name))


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory):
    """One project for all, so that data, base and base scores are made once."""
    source = Path(__file__).resolve().parents[2]
    return copy_project(source, tmp_path_factory.mktemp("every") / "project")


@pytest.mark.parametrize("name", OTHERS)
def test_it_runs_from_data_to_summary(shared_project, run, tiny_base, name):
    root = shared_project / "data/test"
    for part in VALUES[name]["adapter"].get("adapters", ()):  # what a fusion is about
        if not (root / "06_models" / part).exists():
            run(shared_project, part)
    run(shared_project, name)
    place = f"{name}/seed-42"
    summary = json.loads((root / "08_reporting" / place / "summary.json").read_text())
    assert summary["recipe"] == name and summary["status"] == "finished"
    assert summary["metrics"]["exact_match"]["n"] == 8
    on_its_base = "quantization" in VALUES[name] and name != "loftq"
    assert (summary["metrics_quantized"] is not None) == on_its_base
    assert (summary["metrics_unquantized"] is not None) == on_its_base
    assert [part["recipe"] for part in summary["parts"]] == list(
        VALUES[name]["adapter"].get("adapters", ())
    )
    adapter, merged = (root / "06_models" / place / kind for kind in ("adapter", "merged"))
    left = delivers(VALUES[name]["adapter"])
    assert (summary["merge"] is not None) == (left == "adapter and merged")
    assert (summary["adapter_bytes"] is None) == (left == "model")
    assert merged.exists() == (left != "adapter")
    assert adapter.exists() == (left != "model")
    if name == "adapter_fusion":
        run(shared_project, "preflight", preflight_recipe=name)
        report = json.loads((root / "08_reporting/preflight.json").read_text())
        assert all(part["same_data"] and part["same_rendering"] for part in report["parts"])
        assert [part["recipe"] for part in report["parts"]] == VALUES[name]["adapter"]["adapters"]
    if adapter.exists():
        peftline.load_adapter(load_model(tiny_base), adapter)
    if merged.exists():
        AutoModelForCausalLM.from_pretrained(merged)
