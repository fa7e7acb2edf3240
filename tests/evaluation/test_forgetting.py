"""What training has cost elsewhere, against the loss that transformers computes."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from peftline.base_model.loading import load_model
from peftline.delivery import adapter as delivery
from peftline.delivery import model as whole
from peftline.delivery.answering import open_trained
from peftline.errors import PeftlineError
from peftline.evaluation import forgetting, text_loss
from peftline.evaluation.metrics.metric_set import Likelihood
from peftline.evaluation.text_loss import likelihoods
from peftline.fine_tune import fine_tune
from peftline.recipe import Recipe

PARAGRAPHS = ["A first paragraph.", "The second one is somewhat longer.", "A third!"]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(PARAGRAPHS) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def measure(loud_base, text, tmp_path):
    def run(trained, file=text, dtype=torch.float32, base=loud_base):
        return forgetting.measure(base, trained, file, dtype, tmp_path)

    return run


@pytest.fixture
def train(loud_base, sum_tokens, recipe, tmp_path, float32):
    """Train some steps, save, and describe what lies on disk."""

    def run(adapter, **training):
        values = recipe(**training).model_dump() | {"adapter": adapter}
        trained, _ = fine_tune(
            recipe=Recipe(**values),
            name="some",
            base=loud_base,
            tokenised=sum_tokens,
            seed=42,
            input_hash="0" * 64,
            checkpoints=tmp_path / "checkpoints",
        )
        module, kind = (whole, "merged") if adapter["type"] == "none" else (delivery, "adapter")
        module.save(trained, tmp_path / kind)
        return module.describe(tmp_path / kind)

    return run


def expected_loss(model, tokenizer):
    """Mean loss per token by transformers' own loss, one paragraph at a time."""
    nats = tokens = 0
    for paragraph in PARAGRAPHS:
        ids = torch.tensor([tokenizer(paragraph)["input_ids"]])
        labels = ids.clone()
        labels[0, 0] = -100  # virtual tokens would predict it
        with torch.no_grad():
            loss = model(input_ids=ids, labels=labels).loss.item()
        tokens += ids.shape[1] - 1
        nats += loss * (ids.shape[1] - 1)
    return nats / tokens, tokens


LORA = {"type": "lora", "rank": 4}
HOULSBY = {"type": "bottleneck", "placement": "houlsby"}
VIRTUAL = {"type": "prompt_tuning", "tokens": 4}
PREFIX = {"type": "prefix_tuning", "tokens": 4}
WHOLE = {"type": "none"}


@pytest.mark.parametrize(
    "adapter", [LORA, HOULSBY, VIRTUAL, PREFIX, WHOLE], ids=lambda a: a["type"]
)
def test_losses_are_those_of_transformers_before_and_after(
    train, measure, loud_base, tiny_tokenizer, adapter
):
    trained = train(adapter)
    found = measure(trained)
    before, tokens = expected_loss(load_model(loud_base, torch.float32), tiny_tokenizer)
    after, _ = expected_loss(open_trained(trained, loud_base, torch.float32), tiny_tokenizer)
    assert found["base_loss"] == pytest.approx(before, abs=2e-5)
    assert found["loss"] == pytest.approx(after, abs=2e-5)
    assert found["difference"]["value"] == pytest.approx(after - before, abs=4e-5)
    assert abs(after - before) > 1e-3, "so that this test can fail"
    assert found["tokens"] == tokens
    assert found["difference"]["n"] == 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("adapter", [LORA, HOULSBY, WHOLE], ids=lambda a: a["type"])
def test_what_has_learnt_nothing_has_forgotten_nothing(train, measure, adapter, dtype):
    """A step of 1e-30 is lost in every weight but those that begin at zero."""
    found = measure(train(adapter, learning_rate=1e-30), dtype=dtype)
    assert found["loss"] == found["base_loss"]
    difference = found["difference"]
    assert [difference[part] for part in ("value", "low", "high", "n")] == [0, 0, 0, 3]
    assert found["interval_of"] == "paragraphs of this text"


def test_the_base_is_measured_once_for_all_adapters(trained_lora, measure, train, monkeypatch):
    first = measure(trained_lora.handle)
    read = []

    def count(*args):
        read.append(args)
        return likelihoods(*args)

    monkeypatch.setattr(forgetting, "likelihoods", count)
    second = measure(train(HOULSBY))
    assert len(read) == 1, "the adapter alone"
    assert second["base_loss"] == first["base_loss"]
    assert second["loss"] != first["loss"]
    measure(trained_lora.handle, dtype=torch.bfloat16)
    assert len(read) == 3, "in another type the base is another"


def test_the_base_is_measured_anew_for_what_measures_it_alone(
    trained_lora, measure, monkeypatch, change_source
):
    read = []

    def count(*args):
        read.append(args)
        return likelihoods(*args)

    monkeypatch.setattr(forgetting, "likelihoods", count)

    def passes():
        read.clear()
        measure(trained_lora.handle)
        return len(read)

    assert passes() == 2
    for module in ("adapters/lora.py", "delivery/adapter.py", "recipe.py", "objectives/sft.py"):
        change_source(module)
    assert passes() == 1, "the adapter alone"
    change_source("evaluation/likelihood.py")
    assert passes() == 2


def test_the_shipped_text_is_plain_prose_of_many_paragraphs(trained_lora, measure):
    paragraphs = text_loss.read(None)
    words = sum(len(paragraph.split()) for paragraph in paragraphs)
    assert 2500 <= words <= 3000 and len(paragraphs) >= 30
    found = measure(trained_lora.handle, None)
    assert found["difference"]["n"] == len(paragraphs)
    assert len(found["text_sha256"]) == 64


def test_another_text_has_another_hash(trained_lora, measure, text):
    first = measure(trained_lora.handle)
    text.write_text("\r\n \r\n".join(PARAGRAPHS), newline="")
    assert measure(trained_lora.handle) == first, "line ends are no part of the text"
    text.write_text("\n\n".join(PARAGRAPHS[1:]))
    assert measure(trained_lora.handle)["text_sha256"] != first["text_sha256"]


@pytest.mark.parametrize("content", ["", "One paragraph.\nIn two lines.\n\n  \n"])
def test_a_text_without_two_paragraphs_is_refused(text, content):
    text.write_text(content)
    with pytest.raises(PeftlineError, match="needs at least 2. Separate them by empty lines"):
        text_loss.read(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(PeftlineError, match=r"evaluation.general_text=.*missing.txt"):
        text_loss.read(tmp_path / "missing.txt")
    (tmp_path / "image.txt").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(PeftlineError, match=r"Name a UTF-8 text"):
        text_loss.read(tmp_path / "image.txt")


def test_an_adapter_of_another_base_is_refused(trained_lora, tiny_base, measure):
    with pytest.raises(PeftlineError, match="another base model"):
        measure(trained_lora.handle, base=tiny_base)


def test_a_long_paragraph_is_read_in_windows_and_every_token_but_the_first_counts(
    loud_base, monkeypatch
):
    monkeypatch.setattr(text_loss, "_WINDOW", 10)
    model = load_model(loud_base, torch.float32)
    ids = list(range(40, 63))
    (whole,) = likelihoods(model, [ids], [])
    parts = likelihoods(model, [ids[:10], ids[10:20], ids[20:]], [])
    assert whole.tokens == 9 + 9 + 2 == sum(part.tokens for part in parts)
    assert whole.log_likelihood == pytest.approx(sum(part.log_likelihood for part in parts))


def test_windows_fit_into_a_model_that_reads_little(short_context):
    model = load_model(short_context(40, "learned"), torch.float32)
    ids = [at % 200 for at in range(50)]
    (found,) = likelihoods(model, [ids], [7])
    assert found.tokens == 50
    parts = likelihoods(model, [ids[:20], ids[20:40], ids[40:]], [7])
    assert found.log_likelihood == pytest.approx(sum(part.log_likelihood for part in parts))


def test_after_a_beginning_token_the_first_counts_too(loud_base):
    model = load_model(loud_base, torch.float32)
    (without,), (with_bos,) = (likelihoods(model, [[50, 51, 52]], bos) for bos in ([], [7]))
    assert (without.tokens, with_bos.tokens) == (2, 3)
    with torch.no_grad():
        expected = model(input_ids=torch.tensor([[7, 50, 51, 52]])).logits.log_softmax(-1)
    sums = [expected[0, at, token].item() for at, token in enumerate([50, 51, 52])]
    assert with_bos.log_likelihood == pytest.approx(sum(sums), rel=1e-5)
    assert likelihoods(model, [[50]], []) == [Likelihood(0.0, 0)]


def test_means_are_over_tokens_and_the_interval_over_paired_paragraphs():
    generator = np.random.default_rng(1)
    tokens = generator.integers(20, 200, 40)
    before = [Likelihood(-float(n * generator.normal(3, 0.5)), int(n)) for n in tokens]
    shift = generator.normal(0.1, 0.05, 40)
    after = [
        Likelihood(a.log_likelihood - a.tokens * s, a.tokens)
        for a, s in zip(before, shift, strict=True)
    ]
    found = forgetting.compare(before, after)
    total = tokens.sum()
    assert found["base_loss"] == pytest.approx(
        -sum(a.log_likelihood for a in before) / total, abs=1e-6
    )
    value = (shift * tokens).sum() / total
    assert found["difference"]["value"] == pytest.approx(value, abs=1e-6)
    # linearised variance of a ratio of sums (Cochran 1977, chapter 6)
    spread = math.sqrt(((tokens * (shift - value)) ** 2).sum()) / total
    half = stats.norm.ppf(0.975) * spread
    assert found["difference"]["low"] == pytest.approx(value - half, abs=0.1 * half)
    assert found["difference"]["high"] == pytest.approx(value + half, abs=0.1 * half)
