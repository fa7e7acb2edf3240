"""Sizes read from the files are those of the model that they hold."""

from peftline.base_model.loading import load_model, load_tokenizer
from peftline.base_model.shapes import shapes_of


def test_the_sizes_are_those_of_the_opened_model(loud_base):
    found, model = shapes_of(loud_base), load_model(loud_base)
    layers = [p.numel() for n, p in model.named_parameters() if "proj" in n]
    assert found.parameters == loud_base.parameters == model.num_parameters()
    assert (found.in_layers, found.largest_in_layers) == (sum(layers), max(layers))
    assert found.largest == model.get_input_embeddings().weight.numel()
    config = model.config
    assert found.key_value_width == 2 * config.num_key_value_heads * config.head_dim
    assert (found.layers, found.hidden, found.inner) == (2, 64, 128)
    assert found.vocabulary == config.vocab_size


def test_several_files_are_read_as_one(loud_base, tmp_path):
    load_model(loud_base).save_pretrained(tmp_path, max_shard_size="50KB")
    load_tokenizer(loud_base).save_pretrained(tmp_path)
    shards = shapes_of(loud_base.model_copy(update={"path": tmp_path}))
    whole = shapes_of(loud_base)
    assert shards.parameters == whole.parameters and shards.largest == whole.largest
