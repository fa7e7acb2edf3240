import json

import pytest
import torch
from transformers import GenerationConfig

from peftline.base_model import materialise as module
from peftline.base_model.loading import load_model, load_tokenizer
from peftline.base_model.materialise import materialise
from peftline.errors import PeftlineError
from peftline.formats.example import Example, Message
from peftline.rendering import render, template, templates
from peftline.schema import BaseModelSource, Rendering


@pytest.fixture
def folder(tmp_path, tiny_model, own_tokenizer):
    """A model folder of somebody else, with a ChatML-like end of turn and sampling settings."""
    target = tmp_path / "some-model"
    own_tokenizer.chat_template = own_tokenizer.chat_template.replace("<|end|>", "<|start|>")
    tiny_model.generation_config = GenerationConfig(
        eos_token_id=7, do_sample=True, temperature=0.6, top_p=0.9, top_k=20
    )
    tiny_model.to(torch.bfloat16).save_pretrained(target)
    own_tokenizer.save_pretrained(target)
    return target


def bring(source, root):
    return materialise(BaseModelSource(source=str(source)), root)


def test_a_folder_becomes_a_plain_folder_with_the_same_weights(folder, tmp_path):
    base = bring(folder, tmp_path)
    names = {path.name for path in base.path.iterdir()}
    assert {"config.json", "generation_config.json", "model.safetensors"} <= names
    assert {"tokenizer.json", "chat_template.jinja"} <= names
    from transformers import AutoModelForCausalLM

    theirs = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    for name, tensor in load_model(base, torch.bfloat16).state_dict().items():
        assert torch.equal(tensor, theirs[name]), name


def test_a_large_model_is_written_in_several_files(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SHARD_SIZE", "50KB")
    base = bring(folder, tmp_path)
    assert len(list(base.path.glob("model-*-of-*.safetensors"))) > 2
    whole = load_model(base, torch.bfloat16)
    assert whole.num_parameters() == base.parameters


def test_generation_stops_at_every_end_that_the_model_knows(folder, tmp_path):
    base = bring(folder, tmp_path)
    tokenizer = load_tokenizer(base)
    ends = {7, tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|start|>")}
    config = GenerationConfig.from_pretrained(base.path)
    assert set(config.eos_token_id) == ends
    assert config.pad_token_id == tokenizer.pad_token_id


def test_answers_are_greedy_whatever_the_publisher_set(folder, tmp_path):
    config = GenerationConfig.from_pretrained(bring(folder, tmp_path).path)
    assert not config.do_sample
    assert config.temperature is None
    assert config.top_p is None
    assert config.top_k is None


def test_its_name_can_be_used_elsewhere(folder, tmp_path, tiny_base):
    base = bring(folder, tmp_path)
    assert base.id == "some-model"
    assert tiny_base.id == "peftline/tiny-random-llama"
    for file in base.path.glob("*.json"):
        assert str(tmp_path) not in file.read_text(encoding="utf-8"), file.name


def test_parameters_are_counted(tiny_base, tiny_model):
    assert tiny_base.parameters == tiny_model.num_parameters()


def test_a_model_is_brought_once(folder, tmp_path, monkeypatch):
    saved = []
    save = module._save
    monkeypatch.setattr(module, "_save", lambda c, f: saved.append(c.source) or save(c, f))
    assert bring(folder, tmp_path) == bring(folder, tmp_path)
    assert len(saved) == 1


def test_changed_weights_are_brought_anew(folder, tmp_path, tiny_model):
    before = bring(folder, tmp_path)
    with torch.no_grad():
        tiny_model.model.norm.weight.add_(1)
    tiny_model.save_pretrained(folder)
    after = bring(folder, tmp_path)
    assert after.path != before.path
    assert after.sha256 != before.sha256


def test_a_changed_chat_template_is_another_base(folder, tmp_path):
    before = bring(folder, tmp_path)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + "{# changed #}!")
    after = bring(folder, tmp_path)
    assert load_tokenizer(after).chat_template.endswith("!")
    assert after.sha256 != before.sha256, "tokens of the old template would be used"


def test_a_tokenizer_without_padding_pads_with_its_end(folder, tmp_path):
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (folder / name).exists():
            config = json.loads((folder / name).read_text())
            config.pop("pad_token", None)
            (folder / name).write_text(json.dumps(config))
    tokenizer = load_tokenizer(bring(folder, tmp_path))
    assert tokenizer.pad_token_id == tokenizer.eos_token_id


def test_pickled_weights_are_never_opened(folder, tmp_path):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(PeftlineError, match="this folder cannot be loaded"):
        bring(folder, tmp_path)


def test_code_that_comes_with_a_model_is_never_run(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "unheard-of"
    config["auto_map"] = {
        "AutoConfig": "code.Config",
        "AutoModelForCausalLM": "code.Model",
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text("raise SystemExit('ran')")
    with pytest.raises(PeftlineError, match="this folder cannot be loaded"):
        bring(folder, tmp_path)


def test_a_model_that_does_not_exist_is_explained_and_leaves_nothing(tmp_path):
    with pytest.raises(PeftlineError) as caught:
        bring("nobody/nothing", tmp_path)
    found = str(caught.value)
    assert found.startswith("base_model.source=nobody/nothing: this hub model cannot be loaded")
    assert "'smollm2' or 'tiny'" in found
    assert list((tmp_path / "06_models" / "base").iterdir()) == []


def test_an_empty_folder_is_explained(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PeftlineError, match=r"this folder cannot be loaded.*config\.json"):
        bring(tmp_path / "empty", tmp_path)


def test_the_tiny_model_can_be_made_anywhere(tiny_base, tmp_path):
    assert materialise(BaseModelSource(source="tiny"), tmp_path).sha256 == tiny_base.sha256


@pytest.mark.parametrize(
    ("marks", "name", "end"),
    [(["<|im_start|>", "<|im_end|>"], "chatml", "<|im_end|>"), ([], "alpaca", "<|end|>")],
)
def test_a_base_without_a_chat_template_is_given_one_that_is_saved(
    tmp_path, tiny_model, own_tokenizer, caplog, marks, name, end
):
    own_tokenizer.chat_template = None
    own_tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tiny_model.resize_token_embeddings(len(own_tokenizer))
    tiny_model.save_pretrained(tmp_path / "plain")
    own_tokenizer.save_pretrained(tmp_path / "plain")
    base = bring(tmp_path / "plain", tmp_path)
    assert base.chat_template == name
    assert f"it is given the format '{name}'" in caplog.text
    tokenizer = load_tokenizer(base)
    assert tokenizer.chat_template == getattr(templates, name.upper())
    model = template.load(tokenizer, Rendering())
    assert model.end_text == end
    ends = GenerationConfig.from_pretrained(base.path).eos_token_id
    assert set(ends) >= {tokenizer.eos_token_id, model.end_id}
    messages = [Message(role="user", content="?"), Message(role="assistant", content="!")]
    tokens = render.tokens(Example(id="a", group="a", messages=messages), model)
    assert tokenizer.decode([i for i in tokens.labels if i != render.IGNORED]) == f"!{end}"


def test_a_model_with_a_template_keeps_it(folder, tmp_path):
    base = bring(folder, tmp_path)
    assert base.chat_template == "own"
    own = (folder / "chat_template.jinja").read_text()
    assert load_tokenizer(base).chat_template == own


def test_of_several_templates_the_default_one_is_taken(folder, tmp_path, own_tokenizer):
    default = own_tokenizer.chat_template
    own_tokenizer.chat_template = {"tool_use": "{{ 1 }}", "default": default}
    own_tokenizer.save_pretrained(folder)
    base = bring(folder, tmp_path)
    assert base.chat_template == "own"
    assert load_tokenizer(base).chat_template == default


def test_a_tokenizer_that_cannot_end_an_answer_is_explained(folder, tmp_path, own_tokenizer):
    own_tokenizer.chat_template = None
    own_tokenizer.eos_token = None
    (folder / "chat_template.jinja").unlink()
    own_tokenizer.save_pretrained(folder)
    with pytest.raises(PeftlineError, match="names a token that ends an answer"):
        bring(folder, tmp_path)
