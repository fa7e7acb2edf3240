"""The memory of every stage is predicted, and what cannot fit is refused before training."""

import pytest
import torch

from peftline import adapters
from peftline.base_model import hardware
from peftline.errors import PeftlineError
from peftline.preflight import problems
from peftline.preflight.probe import probe

ROWS = [{"instruction": f"Say {i}.", "output": f"It is {i}."} for i in range(40)]
GB = 10**9


@pytest.fixture
def look(inspected, monkeypatch):
    """A report on a machine with so much memory."""

    def run(memory=64 * GB, **settings):
        monkeypatch.setattr(hardware, "memory_bytes", lambda on=None: memory)
        return inspected(ROWS, **settings)

    return run


def names(report, level="error"):
    return [p["name"] for p in report["problems"] if p["level"] == level]


def test_every_stage_of_a_run_is_predicted(look):
    stages = look()["memory"]["stages"]
    assert set(stages) == {"training", "base", "scoring", "forgetting", "latency", "merge"}
    assert all(0 < s["bytes"] < s["device_bytes"] == 64 * GB for s in stages.values())
    quantized = look(quantization={"type": "nf4"})["memory"]["stages"]
    assert set(quantized) == set(stages) | {"scoring beside the base"}


def test_what_is_not_wanted_is_not_predicted(look):
    wanted = {"forgetting": False, "latency": False, "quantized": False}
    found = look(quantization={"type": "nf4"}, evaluation=wanted)["memory"]
    assert set(found["stages"]) == {"training", "base", "scoring", "merge"}


def test_16_bits_take_half_of_32(look):
    wide, half = (
        look(evaluation={"dtype": dtype})["memory"]["stages"] for dtype in ("float32", "bfloat16")
    )
    for name in ("base", "latency"):
        assert half[name]["bytes"] < 0.75 * wide[name]["bytes"]


def test_a_machine_that_is_too_small_is_refused_before_training_stage_by_stage(look):
    report = look(memory=1000)
    assert names(report).count("memory_too_small") == 6
    with pytest.raises(PeftlineError) as caught:
        problems.gate(report)
    for stage in ("training", "base", "scoring", "forgetting", "latency", "merge"):
        assert f"{stage} will need" in str(caught.value)
    assert "there are 1,000 B" in str(caught.value)
    assert "Set evaluation.dtype=bfloat16 or a smaller evaluation.batch_tokens" in str(caught.value)


def test_a_limit_on_scoring_is_none_on_training(look):
    report = look(evaluation={"memory_bytes": 1000})
    small = [p["message"] for p in report["problems"] if p["name"] == "memory_too_small"]
    assert len(small) == 5 and not any(message.startswith("training") for message in small)


def test_a_base_too_large_in_16_bits_is_announced_as_scored_on_four(look):
    stages = look(quantization={"type": "nf4"})["memory"]["stages"]
    limit = {"memory_bytes": 150_000}  # of 16 bits: 0.2 MB, of four half of that
    report = look(quantization={"type": "nf4"}, evaluation=limit)
    assert report["memory"]["scored_on"] == "quantized"
    assert "scored_on_quantized_base" in names(report, "warning")
    found = report["memory"]["stages"]
    assert found["scoring"]["bytes"] < stages["scoring"]["bytes"]
    assert "scoring beside the base" not in found
    assert found["merge"]["device_bytes"] == 64 * GB, "the host's"


@pytest.mark.parametrize(
    ("adapter", "expected"), [({"type": "none"}, 0), ({"type": "lora", "rank": 4}, 4)]
)
def test_a_whole_model_has_no_adapter_beside_it(prepared, tiny_base, recipe, adapter, expected):
    made = prepared(ROWS)
    values = recipe().model_dump() | {"adapter": adapter}
    found = probe(type(recipe())(**values), tiny_base, made.tokenised, 1, torch.float32)
    trained = found["trainable_parameters"]
    assert found["adapter_bytes"] == expected * trained
    assert found["optimizer_bytes"] == 8 * trained


def test_of_lora_fa_half_is_trained_and_remembered(prepared, tiny_base, recipe, tiny_model):
    """As in the run: A is frozen."""
    made = prepared(ROWS)
    fixed = type(recipe())(**recipe().model_dump() | {"optimizer": {"type": "lora_fa"}})
    found = probe(fixed, tiny_base, made.tokenised, 1, torch.float32)
    wrapped = adapters.build(fixed.adapter, tiny_model)
    b = sum(p.numel() for name, p in wrapped.named_parameters() if "lora_B" in name)
    assert found["trainable_parameters"] == b
    assert found["optimizer_bytes"] == 8 * b
