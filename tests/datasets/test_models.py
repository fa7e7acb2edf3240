import pytest

from peftline import store
from peftline.datasets.models import AdapterDataset, CausalLMDataset
from peftline.delivery.merge import MergedModel


def test_a_trained_adapter_is_saved_and_described(trained_lora, tmp_path):
    dataset = AdapterDataset(str(tmp_path / "adapter"))
    assert not dataset.exists()
    dataset.save(trained_lora.trained)
    assert dataset.exists()
    expected = trained_lora.handle.model_copy(update={"path": tmp_path / "adapter"})
    assert dataset.load() == expected
    assert '"peft_type": "LORA"' in dataset.preview()


def test_loading_an_adapter_reads_no_weights_into_memory(trained_lora, monkeypatch):
    import peft

    monkeypatch.setattr(peft.PeftModel, "from_pretrained", None)
    assert AdapterDataset(str(trained_lora.folder)).load() == trained_lora.handle


def test_a_merged_model_is_saved_and_described(tiny_model, tiny_tokenizer, tmp_path):
    dataset = CausalLMDataset(str(tmp_path / "merged"))
    assert not dataset.exists()
    dataset.save(MergedModel(tiny_model, tiny_tokenizer))
    assert dataset.exists()
    loaded = dataset.load()
    assert loaded.path == tmp_path / "merged"
    assert loaded.sha256 == store.sha256_of_files(loaded.path / "model.safetensors")
    assert '"model_type": "llama"' in dataset.preview()


def test_a_failed_save_of_a_model_leaves_nothing(tiny_model, tmp_path):
    with pytest.raises(Exception, match="save_pretrained"):
        CausalLMDataset(str(tmp_path / "merged")).save(MergedModel(tiny_model, None))
    assert list(tmp_path.iterdir()) == []
