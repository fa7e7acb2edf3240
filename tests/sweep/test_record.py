import json

import pytest

from peftline.errors import PeftlineError
from peftline.sweep.point import Chosen, Result
from peftline.sweep.record import Record
from peftline.sweep.state import Sweep


@pytest.fixture
def result():
    def make(hash="a", recipe="lora", status="finished", stage="final", **facts):
        seconds = None if status == "waiting" else 1.0
        facts |= {"hash": hash, "folder": hash, "status": status, "seconds": seconds}
        return Result(stage=stage, recipe=recipe, seed=1, **facts)

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
    assert Record(folder, Sweep(name="test")).outcome(result()) == result(score=0.5)


def test_a_later_sitting_goes_on_with_time_and_tracking(record, result, tmp_path):
    record.parent_run = "abc"
    record.add(result())
    later = Record(tmp_path / "sweep", Sweep(name="test"))
    assert later.parent_run == "abc"
    before = written(tmp_path / "sweep")["wall_seconds"]
    later.add(result())
    assert written(tmp_path / "sweep")["wall_seconds"] >= before


def test_other_recipes_of_a_former_sitting_are_kept_if_still_valid(record, result, tmp_path):
    record.add(result("a", "lora"))
    record.add(result("b", "ia3", settings={"x": 1}))
    record.add(result("c", "vera"))
    record.add(result("d", "oft", "waiting"))
    record.add(result("f", "hra"))
    chosen = Chosen(settings={"x": 1}, candidates=3, edges={"x": "largest"})
    record.choose("ia3", chosen)
    later = Record(tmp_path / "sweep", Sweep(name="test"))
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
    changed = Record(tmp_path / "sweep", Sweep(name="test"))
    changed.take_over(["lora"], lambda point: "changed")
    changed.add(result("e", "lora"))
    assert [one["hash"] for one in written(tmp_path / "sweep")["outdated"]] == ["a"]
    back = Record(tmp_path / "sweep", Sweep(name="test"))
    back.take_over([], lambda point: {"vera": "a", "lora": "e"}[point.recipe])
    assert {one.hash for one in back.results()} == {"a", "e"}


def test_whole_runs_of_settings_that_were_not_chosen_stay_outdated(record, result, tmp_path):
    """A longer grid has chosen others; the former runs would still come out so."""
    record.add(result("a", settings={"x": 1}))
    record.choose("lora", Chosen(settings={"x": 1}, candidates=2))
    second = Record(tmp_path / "sweep", Sweep(name="test"))
    second.take_over(["lora"], lambda point: "a")
    second.choose("lora", Chosen(settings={"x": 2}, candidates=3))
    second.add(result("b", settings={"x": 2}))
    third = Record(tmp_path / "sweep", Sweep(name="test"))
    third.take_over(["ia3"], lambda point: "ab"[point.settings["x"] - 1])
    assert [one.hash for one in third.results()] == ["b"]
    assert third.finals(1)["lora"].hash == "b"
    third.add(result("c", "ia3"))
    assert [one["hash"] for one in written(tmp_path / "sweep")["outdated"]] == ["a"]


def test_a_run_of_this_sitting_takes_the_place_of_a_former_one(record, result, tmp_path):
    record.add(result("a"))
    later = Record(tmp_path / "sweep", Sweep(name="test"))
    later.take_over(["lora"], lambda point: "a")
    assert later.finals(1)["lora"].hash == "a" and later.finals(2) == {}
    later.add(result("b"))
    assert later.finals(1)["lora"].hash == "b"
    later.add(result("c", status="failed"))
    assert later.finals(1) == {}


def test_what_is_made_of_others_is_valid_in_every_later_sitting(record, result, tmp_path):
    """Its hash is known only after those of its parts, and its name comes before theirs."""
    record.add(result("p", "pfeiffer"))
    record.add(result("f", "adapter_fusion"))
    for sitting in range(3):
        later = Record(tmp_path / "sweep", Sweep(name="test"))

        def key(point, known=later):
            if point.recipe == "adapter_fusion" and "pfeiffer" not in known.finals(1):
                raise PeftlineError("There is no adapter.")
            return point.recipe[0].replace("a", "f")

        later.take_over(["other"], key, made_of_others=["adapter_fusion"])
        later.add(result(f"o{sitting}", "other"))
        known = [one["hash"] for one in written(tmp_path / "sweep")["points"]]
        assert known == ["f", f"o{sitting}", "p"]


def test_a_sitting_that_was_cut_short_forgets_no_choice(record, result, tmp_path):
    record.add(result("a", settings={"x": 1}))
    record.choose("lora", Chosen(settings={"x": 1}, candidates=2))
    second = Record(tmp_path / "sweep", Sweep(name="test"))
    second.take_over(["ia3", "lora"], lambda point: "a")
    second.add(result("t", "ia3", stage="tuning"))  # and killed before it came to lora
    third = Record(tmp_path / "sweep", Sweep(name="test"))
    third.take_over(["ia3"], lambda point: "a" if point.recipe == "lora" else "t")
    assert [one.hash for one in third.results()] == ["a"]
    assert third.finals(1)["lora"].hash == "a" and third.chosen()["lora"].settings == {"x": 1}


def test_without_a_grid_what_was_chosen_before_is_void(record, result, tmp_path):
    record.add(result("a", settings={"x": 1}))
    record.choose("lora", Chosen(settings={"x": 1}, candidates=2))
    second = Record(tmp_path / "sweep", Sweep(name="test"))
    second.take_over(["lora"], lambda point: "a")
    second.add(result("b"))
    third = Record(tmp_path / "sweep", Sweep(name="test"))
    third.take_over([], lambda point: "a" if point.settings else "b")
    assert [one.hash for one in third.results()] == ["b"]


def test_what_is_made_of_a_part_that_has_changed_is_let_go(record, result, tmp_path):
    record.add(result("f", "adapter_fusion"))
    later = Record(tmp_path / "sweep", Sweep(name="test"))
    later.take_over(["pfeiffer"], lambda point: "f", made_of_others=["adapter_fusion"])
    later.add(result("p", "pfeiffer"))
    later.check_again(["adapter_fusion"], lambda point: "f")
    assert [one.hash for one in later.results()] == ["f", "p"]
    later.check_again(["adapter_fusion"], lambda point: "g")
    assert [one.hash for one in later.results()] == ["p"]
    assert [one["hash"] for one in written(tmp_path / "sweep")["outdated"]] == ["f"]


def test_a_file_that_is_no_sweep_is_explained(tmp_path):
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(PeftlineError, match=r"sweep.json: the file: .* Take the file away"):
        Record(tmp_path, Sweep(name="test"))


def test_a_point_that_was_cut_short_is_run_again(record, result, tmp_path):
    record.add(result())
    (tmp_path / "sweep" / "a" / "point.json").write_text("")
    assert record.outcome(result()) is None


def test_the_table_has_one_order_whichever_run_ended_first(record, result, tmp_path):
    for one in (result("a", "vera"), result("b", "lora"), result("c", "lora", stage="tuning")):
        record.add(one)
    assert [one["hash"] for one in written(tmp_path / "sweep")["points"]] == ["c", "b", "a"]
