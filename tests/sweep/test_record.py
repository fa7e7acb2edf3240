import json

import pytest

from peftline.sweep.point import Result
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
    record.choose("ia3", {"x": 1}, 3)
    later = Record(tmp_path / "sweep", {"name": "test"})
    now = {"lora": "a", "ia3": "b", "vera": "changed", "oft": "d"}
    later.take_over(["lora"], lambda point: now[point.recipe])
    assert [one.recipe for one in later.results()] == ["ia3"]
    later.add(result("e", "lora"))
    state = written(tmp_path / "sweep")
    assert [one["hash"] for one in state["points"]] == ["b", "e"]
    assert {one["hash"] for one in state["outdated"]} == {"a", "c", "d"}
    assert state["chosen"] == {"ia3": {"settings": {"x": 1}, "candidates": 3}}
