"""The loss on supervised positions only is the loss, and so are its gradients."""

import pytest
import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy
from transformers import Gemma2Config, Gemma2ForCausalLM, MixtralConfig, MixtralForCausalLM
from trl import SFTConfig

from peftline import adapters
from peftline.adapters.lora import Lora
from peftline.labels import IGNORED
from peftline.objectives.collate import PadRight
from peftline.objectives.sft import SupervisedTokensTrainer, TokensPerRow
from peftline.objectives.token_losses import supervised_loss
from peftline.speed import Speed, applied, head

PAD = 256


@pytest.fixture
def rows():
    """Prompts without loss, answers with loss, of different lengths."""
    generator = torch.Generator().manual_seed(0)
    made = []
    for prompt, answer in ((7, 5), (3, 11), (20, 2), (1, 1)):
        ids = torch.randint(0, 256, (prompt + answer,), generator=generator).tolist()
        made.append({"input_ids": ids, "labels": [IGNORED] * prompt + ids[prompt:]})
    return made


@pytest.fixture
def batch(rows):
    return PadRight(PAD)(rows)


@pytest.fixture
def model(tiny_model):
    """LoRA that has left its starting point, so that both of its factors have gradients."""
    torch.manual_seed(0)
    wrapped = adapters.build(Lora(rank=4), tiny_model)
    for parameter in wrapped.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.05)
    return wrapped.train()


@pytest.fixture
def trainer_of(tmp_path, tiny_tokenizer, rows):
    def make(model, speed=None, **arguments):
        return SupervisedTokensTrainer(
            model=model,
            args=SFTConfig(
                output_dir=str(tmp_path),
                max_length=None,
                dataset_kwargs={"skip_prepare_dataset": True},
                remove_unused_columns=False,
                report_to="none",
                use_cpu=True,
                bf16=False,
                **arguments,
            ),
            train_dataset=Dataset.from_list(rows),
            data_collator=PadRight(PAD),
            processing_class=tiny_tokenizer,
            eval_dataset=Dataset.from_list(rows),
            tokens_per_row=TokensPerRow((5 + 11 + 2 + 1) / 4, (5 + 11 + 2 + 1) / 4),
            speed=speed,
        )

    return make


def gradients(model):
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


def assert_same(ours, plain):
    assert set(ours[1]) == set(plain[1])
    assert plain[1]
    torch.testing.assert_close(ours[0], plain[0], rtol=1e-5, atol=1e-7)
    for name, gradient in plain[1].items():
        assert gradient.abs().max() > 0, name
        torch.testing.assert_close(ours[1][name], gradient, rtol=1e-4, atol=1e-7)


def of_all_logits(model, batch):
    """The plain way: logits everywhere, then the mean over supervised positions."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    return cross_entropy(
        logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten(), ignore_index=IGNORED
    )


def of_transformers(model, batch):
    return model(**batch).loss


def supervised(model, batch):
    causal = model.get_base_model()
    hidden = causal.base_model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
    ).last_hidden_state
    total, count = supervised_loss(hidden, batch["labels"], causal.get_output_embeddings())
    return total / count


def step(loss_of, model, batch):
    loss = loss_of(model, batch)
    loss.backward()
    return loss.detach(), gradients(model)


@pytest.mark.parametrize("plain", [of_all_logits, of_transformers])
def test_loss_and_gradients_are_those_of_the_plain_way(model, batch, plain):
    assert_same(step(supervised, model, batch), step(plain, model, batch))


def test_a_prompts_logits_are_never_computed(tiny_model, batch):
    seen = []
    projection = tiny_model.get_output_embeddings()
    projection.register_forward_hook(lambda module, inputs, output: seen.append(output.shape[0]))
    hidden = tiny_model.base_model(input_ids=batch["input_ids"]).last_hidden_state
    supervised_loss(hidden, batch["labels"], projection)
    assert seen == [(batch["labels"][:, 1:] != IGNORED).sum().item()]


def test_a_head_that_is_trained_has_the_plain_gradient(tiny_model, batch):
    def of_the_head(loss_of):
        loss_of(tiny_model, batch).backward()
        return gradients(tiny_model)["model.embed_tokens.weight"]  # tied to the head

    def ours(model, batch):
        hidden = model.base_model(**{k: batch[k] for k in ("input_ids", "attention_mask")})
        total, count = supervised_loss(
            hidden.last_hidden_state, batch["labels"], model.get_output_embeddings()
        )
        return total / count

    torch.testing.assert_close(of_the_head(ours), of_the_head(of_transformers))


def test_the_first_position_is_predicted_by_nothing(tiny_model):
    batch = PadRight(PAD)([{"input_ids": [1, 2, 3], "labels": [1, 2, 3]}])
    hidden = tiny_model.base_model(input_ids=batch["input_ids"]).last_hidden_state
    total, count = supervised_loss(hidden, batch["labels"], tiny_model.get_output_embeddings())
    assert count == 2
    torch.testing.assert_close(total / count, of_transformers(tiny_model, batch))


@pytest.mark.parametrize("chunk", [1, 4, 7])
def test_loss_in_chunks_is_the_loss_at_once(model, batch, monkeypatch, chunk):
    at_once = step(supervised, model, batch)
    monkeypatch.setattr(head, "_CHUNK", chunk)
    assert_same(step(supervised, model, batch), at_once)


def test_a_batch_without_supervised_tokens_has_no_loss_and_no_gradient(model, batch):
    batch["labels"].fill_(IGNORED)
    causal = model.get_base_model()
    hidden = causal.base_model(input_ids=batch["input_ids"]).last_hidden_state
    total, count = supervised_loss(hidden, batch["labels"], causal.get_output_embeddings())
    assert count == 0
    assert total.item() == 0.0
    total.backward()
    assert all((g == 0).all() for g in gradients(model).values())


def test_the_trainer_computes_the_plain_loss(model, batch, trainer_of):
    trainer = trainer_of(model)
    assert_same(
        step(lambda _, b: trainer.compute_loss(trainer.model, b), model, batch),
        step(of_transformers, model, batch),
    )


def test_the_trainer_survives_a_batch_without_supervised_tokens(model, batch, trainer_of):
    batch["labels"].fill_(IGNORED)
    trainer = trainer_of(model)
    for items in (None, 0):
        loss = trainer.compute_loss(trainer.model, batch, num_items_in_batch=items)
        assert loss.item() == 0.0


def test_micro_batches_add_up_to_the_batch(model, rows, batch, trainer_of):
    trainer = trainer_of(model)
    items = (batch["labels"][:, 1:] != IGNORED).sum()
    whole = step(lambda _, b: trainer.compute_loss(trainer.model, b), model, batch)
    total = torch.zeros(())
    for row in rows:
        part = trainer.compute_loss(trainer.model, PadRight(PAD)([row]), num_items_in_batch=items)
        part.backward()
        total += part.detach()
    assert_same((total, gradients(model)), whole)


def test_a_token_weighs_the_same_beside_short_and_beside_long_answers(model, rows, trainer_of):
    trainer = trainer_of(model, per_device_train_batch_size=2)  # 5 and 11, then 2 and 1 tokens
    divisors, total = [], 0.0
    for step_rows in (rows[:2], rows[2:]):
        batch = PadRight(PAD)(step_rows)
        divisors.append(trainer._get_num_items_in_batch([batch], "cpu"))
        total += trainer.compute_loss(trainer.model, batch, num_items_in_batch=divisors[-1])
    assert divisors[0] == divisors[1] == 2 * (5 + 11 + 2 + 1) / 4
    mean_over_all = trainer.compute_loss(trainer.model, PadRight(PAD)(rows))
    assert total.item() / 2 == pytest.approx(mean_over_all.item(), rel=1e-5)


def test_logged_losses_are_means_over_tokens_though_steps_differ_in_length(model, rows, trainer_of):
    trainer = trainer_of(
        model,
        per_device_train_batch_size=1,
        train_sampling_strategy="sequential",
        learning_rate=0.0,
        logging_steps=2,
        max_steps=4,
        save_strategy="no",
    )
    trainer.train()
    logged = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    pairs = [PadRight(PAD)(pair) for pair in (rows[:2], rows[2:])]
    assert logged == pytest.approx(
        [trainer.compute_loss(trainer.model, pair).item() for pair in pairs], rel=1e-4
    )


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4])
def test_the_validation_loss_does_not_depend_on_the_batches(model, rows, trainer_of, batch_size):
    trainer = trainer_of(model, per_device_eval_batch_size=batch_size)
    of_all_tokens = trainer.compute_loss(trainer.model, PadRight(PAD)(rows)).item()
    assert trainer.evaluate()["eval_loss"] == pytest.approx(of_all_tokens, rel=1e-4)


@pytest.fixture
def experts():
    """A model whose router has a loss of its own, all trained."""
    torch.manual_seed(0)
    size = {"vocab_size": 258, "hidden_size": 32, "intermediate_size": 48, "head_dim": 8}
    heads = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    routed = {"num_local_experts": 4, "router_aux_loss_coef": 0.1, "initializer_range": 0.2}
    return MixtralForCausalLM(MixtralConfig(**size | heads | routed))


def with_router(model, batch):
    return model(**batch, output_router_logits=True).loss


@pytest.mark.parametrize("packing", ["on", "off"])
def test_the_loss_of_a_router_is_trained_as_transformers_adds_it(
    experts, batch, trainer_of, packing
):
    trainer = trainer_of(experts)
    plain = step(with_router, experts, batch)
    with applied(Speed(packing=packing), experts, 22):
        ours = step(trainer.compute_loss, experts, batch)
    torch.testing.assert_close(ours[0], plain[0], rtol=1e-5, atol=0)
    for name, gradient in plain[1].items():
        torch.testing.assert_close(ours[1][name], gradient, rtol=1e-5, atol=1e-6)


def test_over_the_parts_of_a_step_it_is_a_mean_by_their_tokens(experts, rows, batch, trainer_of):
    """As the sum over rows, each for itself, of what a part is weighed by."""
    trainer = trainer_of(experts, Speed(micro_batch_tokens=1))
    items = (batch["labels"][:, 1:] != IGNORED).sum()
    trainer.training_step(experts, batch, items)
    ours = gradients(experts)
    tokens = sum(len(row["input_ids"]) for row in rows)
    for row in rows:
        one = PadRight(PAD)([row])
        loss = experts(**one, output_router_logits=True)
        share = len(row["input_ids"]) / tokens
        own = of_all_logits(experts, one) * (one["labels"][:, 1:] != IGNORED).sum() / items
        (own + 0.1 * share * loss.aux_loss).backward()
    for name, gradient in gradients(experts).items():
        torch.testing.assert_close(ours[name], gradient, rtol=1e-4, atol=1e-6)


def test_the_validation_loss_is_that_of_the_tokens_alone(experts, rows, batch, trainer_of):
    trainer = trainer_of(experts)
    with torch.no_grad():
        expected = of_all_logits(experts.eval(), batch).item()
    assert trainer.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("supervised_head", [True, False])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_so_it_is_of_models_that_cap_their_logits(batch, trainer_of, supervised_head, batch_size):
    torch.manual_seed(0)
    size = {"vocab_size": 258, "hidden_size": 32, "intermediate_size": 48, "head_dim": 8}
    heads = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = Gemma2Config(**size | heads, final_logit_softcapping=2.0, initializer_range=0.3)
    model = Gemma2ForCausalLM(config)
    speed = Speed(supervised_head=supervised_head)
    trainer = trainer_of(model, speed, per_device_eval_batch_size=batch_size)
    with torch.no_grad():
        expected = of_all_logits(model.eval(), batch).item()
    assert trainer.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-5)


def test_outputs_are_given_where_they_are_asked_for(model, batch, trainer_of):
    trainer = trainer_of(model)
    loss, outputs = trainer.compute_loss(trainer.model, batch, return_outputs=True)
    assert outputs["logits"].shape[:2] == batch["input_ids"].shape
    torch.testing.assert_close(loss, of_transformers(model, batch))


def test_every_way_multiplies_a_float32_adapter_with_a_16_bit_base(model, batch, trainer_of):
    model.get_base_model().to(torch.bfloat16)
    model.get_base_model().config.dtype = torch.bfloat16
    for name, parameter in model.named_parameters():
        if "lora" in name:
            parameter.data = parameter.data.float()
    for supervised_head in (True, False):
        trainer = trainer_of(model, Speed(supervised_head=supervised_head))
        with adapters.inputs_kept(model):
            loss = trainer.compute_loss(trainer.model, batch)
            loss.backward()
        assert loss.isfinite() and all(g.isfinite().all() for g in gradients(model).values())
