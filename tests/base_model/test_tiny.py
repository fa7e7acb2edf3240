import torch

from peftline.base_model import tiny


def test_equal_seeds_give_equal_weights():
    one, other, different = tiny.load()[0], tiny.load()[0], tiny.load(seed=1)[0]
    for (name, a), b in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert not torch.equal(one.model.embed_tokens.weight, different.model.embed_tokens.weight)


def test_it_does_not_touch_the_random_numbers_of_others():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    tiny.load()
    assert torch.equal(torch.rand(3), expected)


def test_it_has_the_traps_of_real_models():
    model, tokenizer = tiny.load()
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    assert model.config.tie_word_embeddings
    assert model.config.num_key_value_heads < model.config.num_attention_heads
    assert model.config.hidden_size % 64 == 0
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert model.num_parameters() < 200_000


def test_its_tokenizer_reads_every_text_and_gives_it_back():
    _, tokenizer = tiny.load()
    for text in ("plain", " spaces  at ends ", "日本語 👩‍👩‍👧‍👦", "\n\t\x00", "don't , stop ."):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert len(tokenizer("é")["input_ids"]) == 2
