"""How fast what was trained answers; numbers of seconds are not tested, what is timed is."""

import pytest
import torch
from peft import PeftModel

from peftline.base_model.loading import load_tokenizer
from peftline.delivery import adapter as delivery
from peftline.delivery import model as whole
from peftline.errors import PeftlineError
from peftline.evaluation import latency
from peftline.fine_tune import fine_tune
from peftline.recipe import Recipe
from peftline.rendering import template as templates
from peftline.schema import Rendering


@pytest.fixture
def train(loud_base, sum_tokens, recipe, tmp_path, float32):
    def run(adapter):
        values = recipe(max_steps=1).model_dump() | {"adapter": adapter}
        trained, _ = fine_tune(
            recipe=Recipe(**values),
            name="some",
            base=loud_base,
            tokenised=sum_tokens,
            seed=42,
            input_hash="0" * 64,
            checkpoints=tmp_path / "checkpoints",
        )
        module = whole if adapter["type"] == "none" else delivery
        module.save(trained, tmp_path / "saved")
        return module.describe(tmp_path / "saved")

    return run


@pytest.fixture
def timed(monkeypatch):
    """Every model that is timed, with the prompts it was given."""
    seen = []
    real = latency._tokens_per_second

    def record(model, prompts, pad_id):
        has_adapter = any("lora" in name for name, _ in model.named_parameters())
        seen.append((type(model), has_adapter, prompts))
        return real(model, prompts, pad_id)

    monkeypatch.setattr(latency, "_tokens_per_second", record)
    return seen


@pytest.fixture
def measure(loud_base, sum_splits, rendering):
    def run(trained, dtype=torch.float32):
        return latency.measure(loud_base, trained, sum_splits, rendering, dtype)

    return run


def test_an_adapter_is_timed_beside_the_base_and_then_merged(trained_lora, measure, timed):
    found = measure(trained_lora.handle)
    (beside, has_adapter, prompts), (merged, has_adapter_left, same) = timed
    assert issubclass(beside, PeftModel) and has_adapter
    assert merged.__name__ == "LlamaForCausalLM" and not has_adapter_left
    assert prompts == same
    rates = found.pop("unmerged_tokens_per_second"), found.pop("merged_tokens_per_second")
    assert all(rate > 0 for rate in rates)
    assert found == {"new_tokens": 32, "prompts": 3, "batch_size": 1, "dtype": "float32"}


@pytest.mark.parametrize(
    "adapter",
    [
        {"type": "bottleneck", "placement": "houlsby"},
        {"type": "prompt_tuning", "tokens": 4},
        {"type": "prefix_tuning", "tokens": 4},
    ],
    ids=lambda adapter: adapter["type"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_cannot_be_merged_is_timed_with_its_adapter_alone(train, measure, adapter, dtype):
    found = measure(train(adapter), dtype)
    assert found["unmerged_tokens_per_second"] > 0
    assert found["merged_tokens_per_second"] is None
    assert found["dtype"] == str(dtype).removeprefix("torch.")


def test_a_whole_model_has_no_adapter_beside_it(train, measure):
    found = measure(train({"type": "none"}))
    assert found["unmerged_tokens_per_second"] is None
    assert found["merged_tokens_per_second"] > 0


def test_every_answer_has_all_its_tokens_though_the_model_would_end(tiny_model, tiny_tokenizer):
    made = []
    end = tiny_tokenizer.eos_token_id
    tiny_model.generation_config.eos_token_id = end
    bias = torch.zeros(tiny_model.config.vocab_size)
    bias[end] = 1e4
    tiny_model.lm_head.register_forward_hook(lambda module, inputs, output: output + bias)
    real = tiny_model.generate

    def generate(**arguments):
        made.append(real(**arguments))
        return made[-1]

    tiny_model.generate = generate
    latency._tokens_per_second(tiny_model, [[40, 41], [42, 43, 44]], end)
    assert [one.shape[1] for one in made] == [2 + 32, 2 + 32, 3 + 32], "the first warms up"


def test_the_prompts_are_questions_of_the_validation_split(
    trained_lora, measure, timed, tiny_tokenizer, sum_splits
):
    measure(trained_lora.handle)
    texts = [tiny_tokenizer.decode(ids) for ids in timed[0][2]]
    assert len(texts) == 3
    for at, text in enumerate(texts, start=24):
        assert f"Add {at} and" in text


def test_plain_text_asks_nothing(trained_lora, measure, monkeypatch, make_example):
    text = make_example().model_copy(update={"kind": "text", "messages": []})
    monkeypatch.setattr(latency, "iterate", lambda splits, side: iter([text]))
    assert measure(trained_lora.handle) is None


def test_an_adapter_of_another_rendering_is_refused(trained_lora, loud_base, sum_splits):
    with pytest.raises(PeftlineError, match="another rendering"):
        latency.measure(
            loud_base, trained_lora.handle, sum_splits, Rendering(format="alpaca"), torch.float32
        )


def test_questions_that_the_model_cannot_read_are_not_asked(sum_splits, loud_base, rendering):
    template = templates.load(load_tokenizer(loud_base), rendering)
    first = latency._prompts(sum_splits, template, None)
    assert len(first) == 3 and len(set(map(len, first))) > 1
    longest = max(map(len, first))
    fitting = latency._prompts(sum_splits, template, longest - 1 + 32)
    assert len(fitting) == 3
    assert max(map(len, fitting)) < longest
    assert latency._prompts(sum_splits, template, 32) == []
