import subprocess
import sys

import pytest
import torch
from transformers import AutoTokenizer

from peftline.base_model.loading import load_model, load_tokenizer
from peftline.datasets.models import CausalLMDataset
from peftline.delivery import adapter as adapters
from peftline.delivery import answering
from peftline.delivery import merge as module
from peftline.delivery.merge import merge, verify
from peftline.errors import PeftlineError
from peftline.fine_tune import fine_tune
from peftline.rendering import render, template, templates
from peftline.rendering.tokenise import tokenise
from peftline.schema import Rendering

IDS = list(range(40, 80))


def logits(model):
    model.eval()
    with torch.no_grad():
        return model(torch.tensor([IDS])).logits.float()


@pytest.fixture(scope="module")
def merged(trained_lora, loud_base, sum_splits, rendering):
    return merge(loud_base, trained_lora.handle, sum_splits, rendering, torch.bfloat16)


def test_the_merged_model_is_the_adapter(merged):
    report = merged[1]
    assert report["verified"] is True
    assert report["max_layer_difference"] < 1e-5 and report["layers"] == 14
    assert report["max_abs_logit_difference"] < 0.25  # of weights with three digits
    assert report["top1_agreement"] >= 0.97
    assert report["rows"] == 6


def test_it_needs_no_adapter_and_has_the_type_asked_for(merged):
    model = merged[0].model
    assert not any("lora" in name for name, _ in model.named_parameters())
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert type(model).__name__ == "LlamaForCausalLM"


def test_in_float32_nothing_is_rounded(trained_lora, loud_base, sum_splits, rendering):
    merged, report = merge(loud_base, trained_lora.handle, sum_splits, rendering, torch.float32)
    assert report["top1_agreement"] == 1.0
    assert report["max_abs_logit_difference"] < 1e-4
    adapted = adapters.load(load_model(loud_base, torch.float32), trained_lora.handle)
    assert (logits(merged.model) - logits(adapted)).abs().max() < 1e-4


def test_rounding_the_weights_leaves_positions_as_they_are(trained_lora, loud_base, merged):
    """In 16 bits transformers keeps the frequencies of rotary positions in float32."""
    expected = dict(load_model(loud_base, torch.bfloat16).named_buffers())
    opened = answering.merged(load_model(loud_base, torch.bfloat16), trained_lora.handle)
    assert opened.dtype == torch.bfloat16
    for model in (opened, merged[0].model):
        found = dict(model.named_buffers())
        assert found.keys() == expected.keys() and expected
        for name, buffer in expected.items():
            assert buffer.dtype == torch.float32
            assert torch.equal(found[name], buffer)


def test_it_is_not_the_base(merged, loud_base):
    assert (
        logits(merged[0].model.float()) - logits(load_model(loud_base, torch.float32))
    ).abs().max() > 0.1
    merged[0].model.to(torch.bfloat16)


def test_it_opens_with_transformers_alone_in_a_fresh_process(
    merged, trained_lora, loud_base, tmp_path
):
    folder = tmp_path / "merged"
    CausalLMDataset(str(folder)).save(merged[0])
    script = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, ids, out = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
assert AutoTokenizer.from_pretrained(folder).chat_template
with torch.no_grad():
    torch.save(model(torch.tensor([eval(ids)])).logits, out)
assert not any(name.split(".")[0] in ("peft", "peftline") for name in sys.modules)
"""
    arguments = [str(folder), str(IDS), str(tmp_path / "logits.pt")]
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, cwd=tmp_path)
    found = torch.load(tmp_path / "logits.pt")
    adapted = adapters.load(load_model(loud_base, torch.float32), trained_lora.handle)
    expected = logits(adapted)
    # weights rounded to bf16: three significant digits of logits up to 10
    assert (found - expected).abs().max() < 0.25
    assert (found - expected).abs().mean() < 0.03
    for file in folder.glob("*.json"):
        assert str(tmp_path) not in file.read_text(encoding="utf-8"), file.name


def test_a_merge_that_changes_the_model_is_caught(
    trained_lora, loud_base, sum_splits, rendering, monkeypatch
):
    from peft import PeftModel

    monkeypatch.setattr(
        PeftModel, "merge_and_unload", lambda self, safe_merge: self.unload(), raising=False
    )
    with pytest.raises(PeftlineError) as caught:
        merge(loud_base, trained_lora.handle, sum_splits, rendering, torch.float32)
    assert "The merged model is not the adapter" in str(caught.value)
    assert "Nothing was saved." in str(caught.value)


REPORT = {
    "max_layer_difference": 5e-7,
    "max_abs_logit_difference": 2e-4,
    "top1_agreement": 0.99,
    "rows": 6,
    "dtype": "float32",
}


@pytest.mark.parametrize(
    "worse",
    [
        {"max_abs_logit_difference": 0.002},
        {"max_abs_logit_difference": float("nan")},
        {"max_abs_logit_difference": 3.0, "dtype": "bfloat16"},
        {"max_layer_difference": 1e-3, "dtype": "bfloat16"},
        {"max_layer_difference": float("nan")},
        {"top1_agreement": 0.9},
    ],
    ids=str,
)
def test_a_difference_over_the_limit_is_refused_with_the_numbers(worse):
    with pytest.raises(PeftlineError, match="6 held-out rows"):
        verify(REPORT | worse)


def test_a_difference_of_rounding_passes():
    verify(REPORT)
    verify(REPORT | {"max_abs_logit_difference": 0.3, "dtype": "bfloat16"})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_one_layer_that_loses_its_update_is_caught_in_any_type(
    trained_lora, loud_base, sum_splits, rendering, monkeypatch, dtype
):
    """Rounding hides one small layer among the logits, not in what the layer itself gives."""
    from peft.tuners.lora import Linear

    real = Linear.merge

    def forget(self, *args, **kwargs):
        if self.in_features == 128:  # the down projection
            self.lora_B["default"].weight.data.zero_()
        real(self, *args, **kwargs)

    monkeypatch.setattr(Linear, "merge", forget)
    with pytest.raises(PeftlineError, match="outputs of a layer by up to"):
        merge(loud_base, trained_lora.handle, sum_splits, rendering, dtype)


def test_a_base_in_shards_is_merged_to_the_same_weights(
    merged, trained_lora, loud_base, sum_splits, rendering, tmp_path
):
    load_model(loud_base, torch.bfloat16).save_pretrained(tmp_path, max_shard_size="50KB")
    load_tokenizer(loud_base).save_pretrained(tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    base = loud_base.model_copy(update={"path": tmp_path})
    again, report = merge(base, trained_lora.handle, sum_splits, rendering, torch.bfloat16)
    assert report == merged[1]
    expected = merged[0].model.state_dict()
    for name, weight in again.model.state_dict().items():
        assert torch.equal(weight, expected[name]), name


def test_only_held_out_rows_are_compared(
    trained_lora, loud_base, sum_splits, rendering, monkeypatch
):
    sides = []
    read = module.iterate
    monkeypatch.setattr(module, "iterate", lambda s, side: sides.append(side) or read(s, side))
    merge(loud_base, trained_lora.handle, sum_splits, rendering, torch.float32)
    assert sides == ["validation"]


def test_rows_are_compared_as_they_are_trained_on_and_no_longer(
    trained_lora, loud_base, sum_splits, monkeypatch
):
    seen = []
    measure = module._logits
    monkeypatch.setattr(module, "_logits", lambda m, ids: seen.append(ids) or measure(m, ids))
    short = Rendering(max_length_tokens=32)
    merge(loud_base, trained_lora.handle, sum_splits, short, torch.float32)
    model = template.load(load_tokenizer(loud_base), short)
    rows = list(module.iterate(sum_splits, "validation"))
    assert seen[0] == render.tokens(rows[0], model).input_ids[:32]
    assert max(map(len, seen)) == 32


@pytest.mark.parametrize("format_", ["chat", "alpaca"])
def test_adapter_and_merged_model_carry_the_template_that_was_trained_on(
    loud_base, sum_splits, recipe, tmp_path, format_
):
    rendering = Rendering(format=format_)
    trained, _ = fine_tune(
        recipe=recipe(max_steps=1),
        name="lora",
        base=loud_base,
        tokenised=tokenise(sum_splits, loud_base, rendering, tmp_path),
        seed=1,
        input_hash="0" * 64,
        checkpoints=tmp_path / "checkpoints",
    )
    adapters.save(trained, tmp_path / "adapter")
    adapter = adapters.describe(tmp_path / "adapter")
    merged, _ = merge(loud_base, adapter, sum_splits, rendering, torch.float32)
    CausalLMDataset(str(tmp_path / "merged")).save(merged)
    own = load_tokenizer(loud_base).chat_template
    expected = templates.ALPACA if format_ == "alpaca" else own
    for name in ("adapter", "merged"):
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / name)
        assert tokenizer.chat_template == expected, name
