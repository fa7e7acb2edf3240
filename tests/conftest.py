"""Shared fixtures: the tiny base, a small data set, a trained adapter; and no network."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
# One thread for each process: so small products only wait for each other's threads.
os.environ["OMP_NUM_THREADS"] = "1"

import ipaddress
import json
import shutil
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


@pytest.fixture
def change_source(tmp_path, monkeypatch):
    """Adds a line to a module, in a copy of the package that hashes are then made of."""
    import peftline
    from peftline import sources

    copy = tmp_path / "source" / "peftline"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(peftline.__file__).parent, copy, ignore=ignored)
    monkeypatch.setattr(sources, "_FOLDER", copy)

    def change(module):
        with (copy / module).open("a") as file:
            file.write("\n# changed\n")

    return change


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
    from peftline.corpus.deduplicate import deduplicate
    from peftline.corpus.ingest import ingest
    from peftline.corpus.split import split
    from peftline.corpus.validate import validate
    from peftline.data_schema import Data

    data = Data(train_rows=24, validation_rows=8, test_rows=8)
    examples = validate(ingest(data, shared_root), data, shared_root)
    return split(deduplicate(examples, data, shared_root), data, shared_root)


@pytest.fixture(scope="session")
def loud_base(tiny_base, shared_root):
    """The tiny model with weights large enough to learn by heart and to answer differently."""
    import torch

    from peftline.base_model.loading import load_model, load_tokenizer
    from peftline.base_model.materialise import materialise
    from peftline.schema import BaseModelSource

    model, folder = load_model(tiny_base, dtype=torch.float32), shared_root / "loud"
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name:
                parameter.normal_(std=0.5 if "embed" in name else 0.1, generator=generator)
    model.save_pretrained(folder)
    load_tokenizer(tiny_base).save_pretrained(folder)
    return materialise(BaseModelSource(source=str(folder)), shared_root)


@pytest.fixture(scope="session")
def sum_splits(shared_root):
    """24 + 6 + 6 short examples of two lengths: 'Add 3 and 1.' -> '4'."""
    from peftline import formats, jsonl
    from peftline.formats import alpaca
    from peftline.handles import Splits

    folder = shared_root / "sums"
    folder.mkdir()
    rows = [
        formats.read(
            {"instruction": f"Add {i} and {i * 7 % 10}." + " Now!" * (i % 3), "output": f"{i}"},
            alpaca,
        )
        for i in range(36)
    ]
    for side, part in zip(
        ("train", "validation", "test"), (rows[:24], rows[24:30], rows[30:]), strict=True
    ):
        jsonl.write(folder / f"{side}.jsonl", (row.model_dump() for row in part))
    counts = {"train": 24, "validation": 6, "test": 6}
    return Splits(path=folder, sha256="sums", format="alpaca", **counts)


@pytest.fixture(scope="session")
def sum_tokens(sum_splits, loud_base, rendering, shared_root):
    from peftline.rendering.tokenise import tokenise

    return tokenise(sum_splits, loud_base, rendering, shared_root)


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
            "training": {"max_steps": 4, "batch_size": 8, "learning_rate": 5e-3, "evaluations": 1}
            | training,
        }
        if quantization:
            values["quantization"] = quantization
        return Recipe(**values)

    return make


@pytest.fixture(scope="session")
def trained_lora(loud_base, sum_tokens, recipe, shared_root):
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
            base=loud_base,
            tokenised=sum_tokens,
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


def copy_project(source, target):
    """A project folder with its own results; configuration and code are those of this one."""
    import shutil

    target.mkdir(parents=True)
    shutil.copytree(source / "conf", target / "conf")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(source / name, target / name)
    (target / "src").mkdir()  # Kedro wants it inside; the code is the installed package
    return target


@pytest.fixture(scope="session")
def run():
    """Run pipelines in a project folder through a Kedro session, as `kedro run` does."""
    from kedro.framework.project import settings
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    def run_pipelines(folder, *names, env="test", to_nodes=None, from_nodes=None, **params):
        previous = Path.cwd()
        os.chdir(folder)
        try:
            bootstrap_project(folder)
            session_class = settings.SESSION_CLASS
            assert issubclass(session_class, KedroSession)
            with session_class.create(folder, env=env, runtime_params=params) as session:
                return session.run(
                    pipeline_names=list(names), to_nodes=to_nodes, from_nodes=from_nodes
                )
        finally:
            os.chdir(previous)

    return run_pipelines


@pytest.fixture
def empty_project(tmp_path):
    """A project in which nothing has been run."""
    return copy_project(Path(__file__).resolve().parents[1], tmp_path / "project")


@pytest.fixture(scope="session")
def tiny_project(tmp_path_factory, run):
    """A project in which lora and qlora have been run with --env=test. Do not change it."""
    source = Path(__file__).resolve().parents[1]
    folder = copy_project(source, tmp_path_factory.mktemp("kedro") / "project")
    for recipe in ("lora", "qlora"):
        run(folder, recipe)
    return folder
