"""A metric is mended: what was answered before is scored by it too, and nothing is run again."""

import contextlib
import json
from dataclasses import replace

import pytest

from peftline.comparison import runs as stored
from peftline.comparison.compare import compare
from peftline.errors import PeftlineError
from peftline.evaluation import metrics
from peftline.evaluation.metrics import text
from peftline.evaluation.protocol import scoring_sha256
from peftline.rescore import rescore
from tests.comparison.invented import run, save
from tests.evaluation.metrics.rows import scored

RUN = {"train_seconds": 60.0, "peak_memory_bytes": 2**30, "records": []}
SAID = [("four", "four"), ("Four", "four"), ("five", "five"), ("six", "seven")]
BASE = [("four", "four"), ("no", "four"), ("no", "five"), ("no", "seven")]


def answered(said, **more):
    return [row | {"prompt": f"question {row['id']}"} | more for row in scored(metrics.TEXT, said)]


def finished(recipe="lora", said=SAID, **summary):
    """A run on free text, with the base beside it."""
    base = answered(BASE, mode="zero_shot")
    one = run(recipe, [1] * 4, metric="rouge_l", base=base, **summary)
    one.predictions[:] = answered(said)
    one.summary["metrics"] = metrics.TEXT.aggregate(one.predictions)
    one.base_metrics["zero_shot"] = metrics.TEXT.aggregate(base)
    return one


@pytest.fixture
def root(tmp_path):
    """A sweep with two whole runs, in an experiment."""
    root = tmp_path / "experiments/trial"
    points = []
    for folder, recipe in (("aa", "lora"), ("bb", "vera")):
        save(finished(recipe), root, folder)
        point = {"hash": folder, "folder": folder, "recipe": recipe, "seed": 42, "settings": {}}
        points.append(point | {"stage": "final", "status": "finished"})
    (root / "sweep.json").write_text(json.dumps({"name": "trial", "points": points}))
    return root


@pytest.fixture
def mend(change_source, monkeypatch):
    """Let the text metrics ignore capitals, in the source and in fact."""

    def score(prediction, reference):
        return text.score(prediction.lower(), reference.lower())

    def change(by=score):
        by.__module__ = text.__name__
        change_source("evaluation/metrics/text.py")
        monkeypatch.setitem(metrics.SETS, "text", replace(metrics.TEXT, score=by))

    return change


def told(root):
    return compare(stored.read(root))


def files(root):
    return {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_after_a_metric_was_mended_one_command_makes_all_scores_equal_again(root, mend):
    before = told(root)
    assert "kedro rescore" not in str(before.verdict)
    assert before.row("lora").metrics["exact_match"] == 0.5
    mend()
    stale = told(root)
    assert "2 of 2 runs are of another version of the scoring" in stale.verdict[-1]
    assert "kedro rescore --experiment trial (with the same --env) scores" in stale.verdict[-1]
    before_all = answers(root)
    outcomes = rescore(root)
    assert all(one.is_renewed for one in outcomes) and len(outcomes) == 4
    after = told(root)
    assert "kedro rescore" not in str(after.verdict)
    assert after.left_out == [] and after.notes == before.notes
    assert after.row("lora").metrics["exact_match"] == 0.75
    assert after.row("base (zero-shot)").metrics["exact_match"] == 0.25
    assert answers(root) == before_all


def answers(root):
    """What was predicted in each run, and by the base that it was compared with."""
    runs = stored.read(root).runs
    assert len(runs) == 2
    return {
        one.recipe: [row["prediction"] for row in (*one.predictions, *one.base_predictions)]
        for one in runs
    }


def test_scores_metrics_and_verdict_of_a_run_are_of_the_mended_metric(root, mend):
    mend()
    rescore(root)
    for place, recipe in (("aa", "lora"), ("bb", "vera")):
        (one,) = [one for one in stored.read(root).runs if one.recipe == recipe]
        assert [row["scores"]["exact_match"] for row in one.predictions] == [1, 1, 1, 0]
        assert one.summary["metrics"]["exact_match"]["value"] == 0.75
        assert one.summary["scoring_sha256"] == scoring_sha256(metrics.SETS["text"])
        assert one.summary["base_metrics"]["zero_shot"]["exact_match"]["value"] == 0.25
        assert "rouge_l 75.0 % against 25.0 %" in one.summary["verdict"]
        output = root / place / "07_model_output"
        ours = json.loads((output / recipe / "seed-42/metrics.json").read_text())
        assert ours == one.summary["metrics"]


def test_what_is_of_todays_scoring_is_left_as_it_is(root, mend):
    before = files(root)
    assert not any(one.is_renewed for one in rescore(root))
    assert files(root) == before
    mend()
    rescore(root)
    renewed = files(root)
    assert not any(one.is_renewed for one in rescore(root))
    assert files(root) == renewed


def test_runs_keep_their_age(root, mend):
    ages = {one.recipe: one.finished_at for one in stored.read(root).runs}
    mend()
    rescore(root)
    assert {one.recipe: one.finished_at for one in stored.read(root).runs} == ages


def test_what_cannot_be_scored_any_more_is_named_and_nothing_is_changed(root, mend):
    def refuse(prediction, reference):
        if reference == "seven":
            raise ValueError("seven is no answer")
        return text.score(prediction, reference)

    before = files(root)
    mend(refuse)
    with pytest.raises(PeftlineError) as error:
        rescore(root)
    for place in ("trial/aa", "trial/bb"):
        assert f"{place}: 1 references cannot be scored by 'text' any more: 3." in str(error.value)
    assert "seven is no answer" in str(error.value)
    assert files(root) == before


def test_no_run_is_scored_anew_where_a_later_one_cannot_be(tmp_path, mend):
    def refuse(prediction, reference):
        if reference == "eight":
            raise ValueError("eight is no answer")
        return text.score(prediction.lower(), reference)

    save(finished("lora"), tmp_path, "aa")
    save(finished("vera", [("four", "eight")] * 4), tmp_path, "bb")
    points = [
        {"hash": folder, "folder": folder, "recipe": recipe, "seed": 42, "settings": {}}
        | {"stage": "final", "status": "finished"}
        for folder, recipe in (("aa", "lora"), ("bb", "vera"))
    ]
    (tmp_path / "sweep.json").write_text(json.dumps({"name": "trial", "points": points}))
    summaries = {file: file.read_bytes() for file in tmp_path.rglob("summary.json")}
    mend(refuse)
    with pytest.raises(PeftlineError, match="bb: 4 references cannot be scored"):
        rescore(tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.rglob("summary.json")} == summaries


def test_a_run_that_has_ended_meanwhile_is_left_as_it_is(tmp_path, mend, monkeypatch):
    from peftline import publishing

    reports = save(finished(), tmp_path)
    mend()
    real = publishing.settled

    @contextlib.contextmanager
    def later(root):
        """Another run publishes between reading and writing."""
        with real(root):
            if later.calls:
                (reports / "summary.json").write_text("of a new run")
            later.calls += 1
            yield

    later.calls = 0
    monkeypatch.setattr(publishing, "settled", later)
    *_, outcome = rescore(tmp_path)
    assert not outcome.is_renewed and "give the command again" in outcome.note
    assert (reports / "summary.json").read_text() == "of a new run"


def test_answers_without_groups_stay_and_it_is_said(tmp_path, mend):
    one = finished()
    for row in (*one.predictions, *one.base_predictions):
        del row["group"]
    save(one, tmp_path)
    mend()
    for outcome in rescore(tmp_path):
        assert not outcome.is_renewed and "name no groups" in outcome.note


def test_a_kill_in_between_is_made_good_by_the_next_call(root, mend, monkeypatch):
    from peftline import store

    mend()
    real, count = store.write_text, iter(range(99))

    def killed(target, content):
        if next(count) == 3:
            raise KeyboardInterrupt
        real(target, content)

    monkeypatch.setattr(store, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        rescore(root)
    monkeypatch.setattr(store, "write_text", real)
    rescore(root)
    after = told(root)
    assert after.left_out == [] and "kedro rescore" not in str(after.verdict)
    assert after.row("lora").metrics == after.row("vera").metrics


def test_figures_without_stored_answers_are_null_where_scores_have_changed(tmp_path, mend):
    quantized = {"exact_match": {"value": 0.5}, "rouge_l": {"value": 0.5}}
    save(finished(metrics_quantized=quantized, validation_metrics=quantized), tmp_path)
    save(finished("ia3", [("a", due) for _, due in SAID], metrics_quantized=quantized), tmp_path)
    mend()
    notes = {one.folder: one.note for one in rescore(tmp_path)}
    assert notes["08_reporting/lora/seed-42"].startswith("metrics_quantized and validation_metrics")
    found = {one.recipe: one.summary for one in stored.read(tmp_path).runs}
    assert found["lora"]["metrics_quantized"] is found["lora"]["validation_metrics"] is None
    assert found["ia3"]["metrics_quantized"] == quantized
    assert notes["08_reporting/ia3/seed-42"] == ""


def test_scores_that_are_made_of_likelihoods_stay_and_it_is_said(tmp_path, change_source):
    one = run("lora", [2.5, 3.0], metric="negative_log_likelihood")
    for row in one.predictions:
        row["scores"]["tokens"] = 4
    save(one, tmp_path)
    change_source("evaluation/metrics/perplexity.py")
    before = files(tmp_path)
    (outcome,) = rescore(tmp_path)
    assert not outcome.is_renewed and "likelihoods, which are not stored" in outcome.note
    assert files(tmp_path) == before


def test_runs_that_were_compared_with_other_answers_of_the_base_keep_their_own(tmp_path, mend):
    save(finished(), tmp_path)
    other = finished("vera")
    other.base_predictions[1]["prediction"] = "FOUR"
    save(other, tmp_path)
    mend()
    rescore(tmp_path)
    zero_shot = {
        one.recipe: one.summary["base_metrics"]["zero_shot"]["exact_match"]["value"]
        for one in stored.read(tmp_path).runs
    }
    assert zero_shot == {"lora": 0.25, "vera": 0.5}


def test_a_summary_of_an_older_version_gets_what_it_lacks(tmp_path):
    one = finished()
    for name in ("metric_set", "scoring_sha256"):
        del one.summary[name]
    save(one, tmp_path)
    assert told(tmp_path).rows == []
    rescore(tmp_path)
    assert {row.name for row in told(tmp_path).rows} == {"lora", "base (zero-shot)"}
