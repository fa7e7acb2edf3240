"""What is reused, what is refused: nothing stale is read, nothing of another run is replaced."""

import json
import re
import shutil

import pytest

from peftline import handles, locks, store
from peftline.errors import PeftlineError


def rows(count, word):
    return [{"instruction": f"Say {word} {i}", "output": f"{word} {i}"} for i in range(count)]


@pytest.fixture
def sources(tmp_path):
    files = {}
    for word in ("apple", "pear"):
        files[word] = tmp_path / f"{word}.json"
        files[word].write_text(json.dumps(rows(40, word)))
    return files


def keys(project, layer):
    return {path.name for path in (project / "data/test" / layer).iterdir() if path.is_dir()}


def splits_of(project):
    folder = project / "data/test/03_primary"
    manifest = json.loads((folder / "splits.json").read_text())
    return (folder / manifest["path"] / "train.jsonl").read_text()


def test_source_a_then_b_then_a_costs_the_work_twice(empty_project, run, sources):
    run(empty_project, "data", data={"source": str(sources["apple"])})
    first, apples = keys(empty_project, "03_primary"), splits_of(empty_project)
    run(empty_project, "data", data={"source": str(sources["pear"])})
    both = keys(empty_project, "03_primary")
    assert "pear" in splits_of(empty_project) and len(both) == 2
    built = (empty_project / "data/test/03_primary" / next(iter(first))).stat().st_mtime_ns
    run(empty_project, "data", data={"source": str(sources["apple"])})
    assert splits_of(empty_project) == apples
    assert keys(empty_project, "03_primary") == both
    assert (empty_project / "data/test/03_primary" / next(iter(first))).stat().st_mtime_ns == built


def test_a_changed_file_of_the_same_name_is_read_anew(empty_project, run, sources):
    run(empty_project, "data", data={"source": str(sources["apple"])})
    sources["apple"].write_text(json.dumps(rows(40, "quince")))
    run(empty_project, "data", data={"source": str(sources["apple"])})
    assert "Say quince" in splits_of(empty_project)
    assert "Say apple" not in splits_of(empty_project)


@pytest.fixture
def finished(tiny_project, tmp_path):
    """A copy of the project with finished runs, free to be changed."""
    folder = tmp_path / "finished"
    shutil.copytree(tiny_project, folder, symlinks=True)
    return folder


def files_of(project):
    """Everything that is seen under the root of the results, with what is in it."""
    root = project / "data/test"
    return {
        path.relative_to(root).as_posix(): store.sha256_of_files(path)
        for path in root.rglob("*")
        if path.is_file() and not {".running", "experiments"} & set(path.relative_to(root).parts)
    }


def of_keys(files):
    """Those in folders of the store, which every run may add to."""
    return {name for name in files if re.search(r"/[0-9a-f]{16}/", name)}


def test_another_data_set_may_not_replace_a_result_unless_it_is_an_experiment(
    finished, run, sources
):
    before = files_of(finished)
    with pytest.raises(PeftlineError, match=r"other data.*experiment=NAME"):
        run(finished, "lora", data={"source": str(sources["apple"])})
    after = files_of(finished)
    added = of_keys(after) - of_keys(before)
    assert {name: after[name] for name in after.keys() - added} == before, "manifests included"
    assert hidden(finished) == []
    run(finished, "lora", data={"source": str(sources["apple"])}, experiment="fruit")
    summary = "08_reporting/lora/seed-42/summary.json"
    here, there = (
        json.loads((finished / "data/test" / place / summary).read_text())
        for place in (".", "experiments/fruit")
    )
    assert here["data"]["sha256"] != there["data"]["sha256"]
    assert files_of(finished)[summary] == before[summary]


def hidden(project):
    """What runs have left that is not seen."""
    root = project / "data/test"
    return [path.name for path in root.rglob(".*") if path.name != ".running"] + [
        path.name for path in (root / ".running").glob("*")
    ]


def test_a_second_run_reuses_data_base_and_base_scores(finished, run):
    root = finished / "data/test"
    watched = [
        path
        for layer in ("01_raw", "02_intermediate", "03_primary", "06_models/base")
        for path in (root / layer).rglob("manifest.json")
    ] + list((root / "07_model_output/base").rglob("manifest.json"))
    before = {path: path.stat().st_mtime_ns for path in watched}
    assert len(before) == 6
    run(finished, "lora")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_seeds_stand_side_by_side(finished, run):
    run(finished, "lora", seed=1)
    folder = finished / "data/test/08_reporting/lora"
    one, other = (json.loads((folder / f"seed-{s}/summary.json").read_text()) for s in (1, 42))
    assert one["seed"] == 1 and one["input_hash"] != other["input_hash"]
    assert one["data"] == other["data"]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_the_former_result_stays_until_the_new_one_is_whole(finished, run, monkeypatch, error):
    from peftline.delivery import merge

    before = files_of(finished)
    shorter = {"training": {"max_steps": 2}}

    def stop(report):
        raise error

    with monkeypatch.context() as patch:
        if error:
            patch.setattr(merge, "verify", stop)
        else:
            patch.setattr(merge, "TOLERANCE", dict.fromkeys(merge.TOLERANCE, -1.0))
        with pytest.raises(error or PeftlineError, match=None if error else "not the adapter"):
            run(finished, "lora", lora=shorter)
    assert files_of(finished) | before == files_of(finished)
    assert not files_of(finished).keys() - before.keys() - of_keys(files_of(finished))

    rest = ["lora.merge", "lora.plot", "lora.validate_answers"]
    run(finished, "lora", from_nodes=rest, lora=shorter)
    after = files_of(finished)
    adapter = "06_models/lora/seed-42/adapter/adapter_model.safetensors"
    assert after[adapter] != before[adapter] and summary_in(finished)["steps"] == 2
    assert hidden(finished) == []


def test_a_part_of_a_run_waits_for_the_rest_or_takes_away_what_it_has_made_untrue(finished, run):
    before = files_of(finished)
    run(finished, "lora", to_nodes=["lora.train"], lora={"training": {"max_steps": 2}})
    after = files_of(finished)
    assert {name: after[name] for name in after if name not in of_keys(after)} == {
        name: before[name] for name in before if name not in of_keys(before)
    }
    (finished / "data/test/08_reporting/lora/seed-42/summary.json").unlink()  # no result any more
    run(finished, "lora", from_nodes=["lora.plot"], to_nodes=["lora.plot"])
    names = {name for name in files_of(finished) if "/lora/seed-42/" in name}
    assert {name.split("/seed-42/")[1].split("/")[0] for name in names} == {
        "adapter",
        "history.json",
        "learning_curve.png",
        "preflight.html",
        "preflight.json",
    }
    assert hidden(finished) == []


def test_a_second_run_of_a_recipe_is_refused_while_the_first_one_works(finished, run):
    lock = finished / "data/test/.running/lora-seed-42.lock"
    with locks.held(lock, "lora"):
        with pytest.raises(PeftlineError) as caught:
            run(finished, "lora")
    message = str(caught.value)
    assert message.startswith(
        f"lora with seed 42 in {finished / 'data/test'} is in use by process "
    )
    assert "--params=experiment=NAME or --params=seed=NUMBER" in message


def test_what_another_run_publishes_meanwhile_does_not_reach_this_one(
    finished, run, sources, monkeypatch
):
    """Another recipe on other data ends between two nodes of this one."""
    from peftline.evaluation import latency

    real, root = latency.measure, finished / "data/test"
    run(finished, "base", data={"source": str(sources["pear"])}, experiment="pears")
    before = summary_in(finished)
    shared = {
        "02_intermediate/examples.json": handles.Examples,
        "03_primary/splits.json": handles.Splits,
        "06_models/base/base_model.json": handles.BaseModelFolder,
        "07_model_output/base/scores.json": handles.BaseScores,
    }

    def measure(*arguments):
        for name, kind in shared.items():
            theirs = root / "experiments/pears" / name
            handle = handles.parse(kind, theirs.read_text(), theirs.parent)
            (root / name).write_text(handles.dump(handle, (root / name).parent))
        return real(*arguments)

    monkeypatch.setattr(latency, "measure", measure)
    run(finished, "lora")
    after = summary_in(finished)
    assert after["data"] == before["data"] and after["base_metrics"] == before["base_metrics"]


def summary_in(project):
    return json.loads((project / "data/test/08_reporting/lora/seed-42/summary.json").read_text())


def test_the_inputs_of_a_run_stand_beside_its_summary(tiny_project):
    folder = tiny_project / "data/test/08_reporting/lora/seed-42"
    inputs = handles.parse(handles.RunInputs, (folder / "inputs.json").read_text(), folder)
    summary = summary_in(tiny_project)
    assert inputs.splits.sha256 == summary["data"]["sha256"]
    assert inputs.base_model.sha256 == summary["base_model"]["sha256"]
    assert inputs.base_scores.sha256 == summary["base_scores_sha256"]
    assert (inputs.examples.path / "dropped.jsonl").exists()
    assert (inputs.tokenised.path / "manifest.json").exists()
    scores = json.loads((inputs.base_scores.path / "manifest.json").read_text())
    assert scores["zero_shot"] == summary["base_metrics"]["zero_shot"]


def test_two_recipes_in_one_run_are_refused(finished, run):
    with pytest.raises(PeftlineError, match="one run of MLflow holds one recipe"):
        run(finished, "lora", "qlora")
