"""Shared fixtures: the tiny base, a small data set, a trained adapter; and no network."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

import ipaddress
import json
import socket
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import pytest

hypothesis.settings.register_profile("peftline", deadline=None, derandomize=True)
hypothesis.settings.load_profile("peftline")

_REAL_CONNECT = socket.socket.connect
_REAL_LOOK_UP = socket.getaddrinfo
_ATTEMPTS: list[str] = []


def _is_loopback(host):
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
        _ATTEMPTS.append(str(address))
        raise OSError(f"a test opened a connection to {address}")
    return _REAL_CONNECT(self, address)


def _look_up(host, *arguments, **names):
    if not _is_loopback(host.decode() if isinstance(host, bytes) else host):
        _ATTEMPTS.append(str(host))
        raise socket.gaierror(f"a test looked up {host}")
    return _REAL_LOOK_UP(host, *arguments, **names)


@pytest.fixture(scope="session", autouse=True)
def _closed_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _connect)
        patch.setattr(socket, "getaddrinfo", _look_up)
        yield


@pytest.fixture(autouse=True)
def no_network(_closed_network):
    """Fail a test that reaches beyond this machine, even where the code swallows the error."""
    _ATTEMPTS.clear()
    yield _ATTEMPTS
    assert not _ATTEMPTS, f"the test went to the network: {', '.join(_ATTEMPTS)}"


@pytest.fixture(scope="session")
def shared_root(tmp_path_factory):
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="session")
def tiny_base(shared_root):
    """The random two-layer model as a materialised folder."""
    from peftline.base_model.materialise import materialise
    from peftline.schema import BaseModelSource

    return materialise(BaseModelSource(source="tiny"), shared_root)


@pytest.fixture(scope="session")
def tiny_tokenizer(tiny_base):
    """Shared: a test that changes it takes `own_tokenizer`."""
    from peftline.base_model.loading import load_tokenizer

    return load_tokenizer(tiny_base)


@pytest.fixture
def own_tokenizer(tiny_base):
    from peftline.base_model.loading import load_tokenizer

    return load_tokenizer(tiny_base)


@pytest.fixture
def tiny_model(tiny_base):
    """A fresh float32 copy of the tiny model."""
    import torch

    from peftline.base_model.loading import load_model

    return load_model(tiny_base, dtype=torch.float32)


@pytest.fixture(scope="session")
def tool_call_splits(shared_root):
    from peftline.corpus.ingest import ingest
    from peftline.corpus.split import split
    from peftline.corpus.validate import validate
    from peftline.schema import Data

    data = Data(train_rows=24, validation_rows=8, test_rows=8)
    return split(validate(ingest(data, shared_root), data, shared_root), data, shared_root)


@pytest.fixture(scope="session")
def rendering():
    from peftline.schema import Rendering

    return Rendering(max_length_tokens=3072)


@pytest.fixture(scope="session")
def tokenised(tool_call_splits, tiny_base, rendering, shared_root):
    from peftline.rendering.tokenise import tokenise

    return tokenise(tool_call_splits, tiny_base, rendering, shared_root)


@pytest.fixture
def float32(monkeypatch):
    """Compute in float32 on every machine, so that numbers can be compared."""
    import torch

    from peftline.base_model import hardware

    monkeypatch.setattr(hardware, "compute_dtype", lambda: torch.float32)


@pytest.fixture(scope="session")
def recipe():
    """Make a recipe from the adapter's and the training's settings."""
    from peftline.schema import Recipe

    def make(adapter=None, quantization=None, **training):
        values = {
            "adapter": {"type": "lora", "rank": 4, "alpha": 8, **(adapter or {})},
            "training": {"max_steps": 4, "learning_rate": 5e-3, "evaluations": 1, **training},
        }
        if quantization:
            values["quantization"] = quantization
        return Recipe(**values)

    return make


@pytest.fixture(scope="session")
def trained_lora(tiny_base, tokenised, recipe, shared_root):
    """A few steps of LoRA in float32, saved: `trained`, `history`, `folder`, `handle`."""
    import torch

    from peftline.base_model import hardware
    from peftline.delivery import adapter
    from peftline.fine_tune import fine_tune

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hardware, "compute_dtype", lambda: torch.float32)
        trained, history = fine_tune(
            recipe=recipe(max_steps=6),
            name="lora",
            base=tiny_base,
            tokenised=tokenised,
            seed=42,
            input_hash="0" * 64,
            checkpoints=shared_root / "checkpoints",
        )
    folder = shared_root / "adapter"
    adapter.save(trained, folder)
    return SimpleNamespace(
        trained=trained, history=history, folder=folder, handle=adapter.describe(folder)
    )


@pytest.fixture
def write_rows(tmp_path):
    """Write rows to a .jsonl file and return its path."""

    def write(rows, name="rows.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def make_example():
    from peftline.formats.example import Example, Message

    def make(question="What is 2 + 2?", answer="4", id="a", group=None, split=None, input=""):  # noqa: A002
        return Example(
            id=id,
            group=group or id,
            split=split,
            messages=[
                Message(role="user", content=question, input=input),
                Message(role="assistant", content=answer),
            ],
        )

    return make


@pytest.fixture
def project():
    """The folder of the repository."""
    return Path(__file__).resolve().parents[1]
