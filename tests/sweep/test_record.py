import json

import pytest

from peftline.errors import PeftlineError
from peftline.sweep.point import Chosen, Result
from peftline.sweep.record import Record


@pytest.fixture
def result():
    def make(hash="a", recipe="lora", status="finished", stage="final", **facts):
        return Result(
            stage=stage, recipe=recipe, seed=1, hash=hash, folder=hash, status=status, **facts
        )

    return make


def written(folder):
    return json.loads((folder / "sweep.json").read_text())


def test_each_point_is_on_disk_as_soon_as_it_has_ended(record, result, tmp_path):
    folder = tmp_path / "sweep"
    record.add(result(status="waiting"))
    assert written(folder)["points"][0]["status"] == "waiting"
    assert record.outcome(result()) is None
    record.add(result(score=0.5))
    assert written(folder)["points"] == [result(score=0.5).model_dump()]
    assert Record(folder, {}).outcome(result()) == result(score=0.5)


def test_a_later_sitting_goes_on_with_time_and_tracking(record, result, tmp_path):
    record.parent_run = "abc"
    record.add(result())
    later = Record(tmp_path / "sweep", {"name": "test"})
    assert later.parent_run == "abc"
    before = written(tmp_path / "sweep")["wall_seconds"]
    later.add(result())
    assert written(tmp_path / "sweep")["wall_seconds"] >= before


def test_other_recipes_of_a_former_sitting_are_kept_if_still_valid(record, result, tmp_path):
    record.add(result("a", "lora"))
    record.add(result("b", "ia3"))
    record.add(result("c", "vera"))
    record.add(result("d", "oft", "waiting"))
    record.add(result("f", "hra"))
    chosen = Chosen(settings={"x": 1}, candidates=3, edges={"x": "largest"})
    record.choose("ia3", chosen)
    later = Record(tmp_path / "sweep", {"name": "test"})
    now = {"lora": "a", "ia3": "b", "vera": "changed", "oft": "d"}

    def key(point):
        if point.recipe == "hra":
            raise PeftlineError("No recipe 'hra'.")
        return now[point.recipe]

    later.take_over(["lora"], key)
    assert [one.recipe for one in later.results()] == ["ia3"]
    later.add(result("e", "lora"))
    state = written(tmp_path / "sweep")
    assert [one["hash"] for one in state["points"]] == ["b", "e"]
    assert {one["hash"] for one in state["outdated"]} == {"a", "c", "f"}
    assert state["chosen"] == {"ia3": chosen.model_dump()}


def test_what_was_outdated_is_found_again_when_it_is_valid_again(record, result, tmp_path):
    record.add(result("a", "vera"))
    changed = Record(tmp_path / "sweep", {"name": "test"})
    changed.take_over(["lora"], lambda point: "changed")
    changed.add(result("e", "lora"))
    assert [one["hash"] for one in written(tmp_path / "sweep")["outdated"]] == ["a"]
    back = Record(tmp_path / "sweep", {"name": "test"})
    back.take_over([], lambda point: {"vera": "a", "lora": "e"}[point.recipe])
    assert {one.hash for one in back.results()} == {"a", "e"}


def test_a_point_that_was_cut_short_is_run_again(record, result, tmp_path):
    record.add(result())
    (tmp_path / "sweep" / "a" / "point.json").write_text("")
    assert record.outcome(result()) is None


def test_the_table_has_one_order_whichever_run_ended_first(record, result, tmp_path):
    for one in (result("a", "vera"), result("b", "lora"), result("c", "lora", stage="tuning")):
        record.add(one)
    assert [one["hash"] for one in written(tmp_path / "sweep")["points"]] == ["c", "b", "a"]
