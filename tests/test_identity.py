import subprocess
from pathlib import Path

import pytest

from peftline import identity
from peftline.errors import PeftlineError
from peftline.recipe import Recipe


@pytest.fixture
def name(recipe, loud_base, sum_tokens):
    """The input hash of a run, with some inputs replaced."""

    def make(seed=42, base=None, tokens=None, parts=(), axes=None, **settings):
        made = recipe(**settings)
        made = Recipe.model_validate(made.model_dump() | (axes or {}))
        return identity.input_hash(
            made,
            loud_base.model_copy(update=base or {}),
            sum_tokens.model_copy(update=tokens or {}),
            seed,
            parts,
        )

    return make


def test_equal_inputs_have_one_name(name):
    assert name() == name()
    assert len(name()) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 43},
        {"base": {"sha256": "other"}},
        {"tokens": {"sha256": "other"}},
        {"learning_rate": 1e-3},
        {"adapter": {"rank": 5}},
        {"quantization": {"type": "nf4"}},
        {"quantization": {"type": "nf4", "double_quantization": False}},
    ],
)
def test_a_change_of_any_input_is_another_name(name, change):
    assert name(**change) != name()


def test_the_adapters_that_it_is_made_of_are_part_of_the_name(name, trained_lora):
    part = trained_lora.handle
    other = part.model_copy(update={"sha256": "other"})
    moved = part.model_copy(update={"path": Path("elsewhere")})
    assert len({name(), name(parts=[part]), name(parts=[other]), name(parts=[part, other])}) == 4
    assert name(parts=[moved]) == name(parts=[part])


def test_where_the_adapters_lie_that_it_is_made_of_does_not_matter(name, trained_lora):
    def fused(*places):
        axes = {"adapter": {"type": "adapter_fusion", "adapters": places}}
        return name(axes=axes, parts=[trained_lora.handle, trained_lora.handle])

    assert fused("lora", "pfeiffer") == fused("data/lora/adapter", "/elsewhere/pfeiffer")


def test_where_the_inputs_lie_does_not_matter(name, tmp_path):
    assert name(base={"path": tmp_path}, tokens={"path": tmp_path}) == name()


@pytest.fixture
def stale(name, monkeypatch):
    """Whether a run with these settings is another one once a library has been replaced."""

    def is_stale(library, **settings):
        with monkeypatch.context() as patch:
            before, installed = name(**settings), identity.versions()
            patch.setattr(identity, "versions", lambda: installed | {library: "99.0"})
            return name(**settings) != before

    return is_stale


@pytest.mark.parametrize("library", ["torch", "transformers", "peft", "trl", "accelerate"])
def test_versions_of_libraries_that_train_are_part_of_the_name(stale, library):
    assert stale(library)


@pytest.mark.parametrize("library", ["mlflow", "kedro", "peftline", "galore-torch", "bitsandbytes"])
def test_versions_of_libraries_that_do_nothing_in_the_training_are_not(stale, library):
    assert not stale(library)


def test_versions_count_where_a_type_takes_a_library(stale):
    assert stale("bitsandbytes", quantization={"type": "nf4"})
    assert stale("bitsandbytes", quantization={"type": "int8"})
    assert stale("bitsandbytes", axes={"optimizer": {"type": "adamw_8bit"}})
    galore = {"adapter": {"type": "none"}, "optimizer": {"type": "galore"}}
    assert stale("galore-torch", axes=galore)


def test_what_can_be_done_with_an_adapter_is_part_of_the_name(name, monkeypatch):
    before = name()
    cannot = identity.capabilities.TABLE["lora"]._replace(packing=False)
    monkeypatch.setitem(identity.capabilities.TABLE, "lora", cannot)
    assert name() != before


def test_the_source_of_the_training_is_part_of_the_name(name, change_source):
    before = name()
    change_source("adapters/vera.py")
    assert name() == before
    change_source("adapters/lora.py")
    assert name() != before


def test_the_type_that_is_computed_in_is_part_of_the_name(name, monkeypatch):
    from peftline.base_model import hardware

    names = set()
    for dtype in ("float32", "bfloat16"):
        monkeypatch.setattr(hardware, "compute_dtype", lambda dtype=dtype: dtype)
        names.add(name())
    assert len(names) == 2


def test_versions_name_the_whole_stack():
    versions = identity.versions()
    assert {"peftline", "torch", "transformers", "peft", "trl", "bitsandbytes"} <= set(versions)
    assert all(versions.values())


@pytest.fixture
def git(tmp_path):
    def run(*arguments):
        author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(tmp_path), *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    return run


def test_the_commit_of_a_repository_is_found(git, tmp_path):
    assert identity.git_sha(tmp_path) is None
    git("init")
    git("commit", "--allow-empty", "--message", "x")
    assert identity.git_sha(tmp_path) == git("rev-parse", "HEAD")


def test_a_commit_whose_files_have_been_changed_is_called_dirty(git, tmp_path):
    (tmp_path / "module.py").write_text("a = 1")
    git("init")
    git("add", "module.py")
    git("commit", "--message", "x")
    git("tag", "v1")
    assert identity.git_sha(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "module.py").write_text("a = 2")
    assert identity.git_sha(tmp_path) == git("rev-parse", "HEAD") + "-dirty"


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert identity.git_sha(tmp_path) is None


@pytest.fixture
def present(sum_splits, loud_base):
    """The result that stands where a run would write."""
    return {"data": {"sha256": sum_splits.sha256}, "base_model": {"sha256": loud_base.sha256}}


WHERE = Path("data/08_reporting/lora/seed-42/summary.json")


def test_a_result_may_be_replaced_by_one_of_the_same_data_and_base(present, sum_splits, loud_base):
    identity.refuse_overwrite(present, sum_splits, WHERE)
    identity.refuse_overwrite(present, loud_base, WHERE)


@pytest.mark.parametrize(
    ("handle", "named"), [("sum_splits", "other data"), ("loud_base", "another base model")]
)
def test_a_result_of_other_inputs_is_kept(present, request, handle, named):
    now = request.getfixturevalue(handle).model_copy(update={"sha256": "other"})
    with pytest.raises(PeftlineError) as caught:
        identity.refuse_overwrite(present, now, WHERE)
    assert str(caught.value).startswith(f"{WHERE} holds a result for {named}.")
    assert "--params=experiment=NAME" in str(caught.value)
    assert str(WHERE.parent) in str(caught.value)
