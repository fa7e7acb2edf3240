import pytest

from peftline import jsonl
from peftline.corpus.deduplicate import deduplicate
from peftline.corpus.ingest import ingest
from peftline.corpus.validate import validate
from peftline.formats.example import SIDES

ROW = {"instruction": "Add.", "input": "2 and 2", "output": "4"}
WORDS = [f"word{i}" for i in range(80)]
LONG = " ".join(WORDS)


def near(count, start=0):
    """Rows that differ in the last word."""
    return [{"instruction": LONG, "output": f"{LONG} {i}"} for i in range(start, start + count)]


def answers(kept):
    return [row["messages"][-1]["content"].split()[-1] for row in kept]


def test_exact_duplicates_are_dropped_and_listed(clean):
    examples, kept, dropped = clean([ROW, ROW | {"output": "four"}, ROW, ROW])
    assert (examples.rows_read, examples.rows_kept, examples.rows_dropped) == (4, 2, 2)
    assert examples.reasons == {"duplicate": 2}
    assert [row["origin"] for row in kept] == ["rows.jsonl, row 1", "rows.jsonl, row 2"]
    assert dropped == [
        {
            "origin": f"rows.jsonl, row {number}",
            "reason": "duplicate",
            "detail": "the same as an earlier row",
        }
        for number in (3, 4)
    ]


def test_what_validate_has_dropped_stays_listed(clean):
    rows = [ROW, ROW | {"output": ""}, ROW]
    examples, _, dropped = clean(rows, problems={"empty_answer": "drop"})
    assert examples.rows_read == examples.rows_kept + examples.rows_dropped == 3
    assert examples.reasons == {"empty_answer": 1, "duplicate": 1}
    assert [row["reason"] for row in dropped] == ["empty_answer", "duplicate"]


def test_the_dropped_rows_are_those_of_this_file(clean):
    """Two files with the same good rows and equally many bad ones, which stand elsewhere."""
    bad = ROW | {"output": ""}
    for name, rows, number in (("a.jsonl", [bad, ROW], 1), ("b.jsonl", [ROW, bad], 2)):
        _, _, dropped = clean(rows, name, problems={"empty_answer": "drop"})
        assert [row["origin"] for row in dropped] == [f"{name}, row {number}"]


def test_one_question_with_two_answers_is_no_duplicate(clean):
    assert clean([ROW, ROW | {"output": "four"}])[0].rows_kept == 2


@pytest.mark.parametrize("policy", ["keep", "group", "drop"])
def test_near_duplicates_are_kept_grouped_or_dropped(clean, policy):
    other = {"instruction": "Something else.", "output": "Entirely."}
    examples, kept, dropped = clean([*near(3), other], near_duplicates=policy)
    groups = {row["group"] for row in kept}
    if policy == "drop":
        assert answers(kept) == ["0", "Entirely."]
        assert {row["reason"] for row in dropped} == {"near_duplicate"}
        assert f"almost the same as example {kept[0]['id']}" == dropped[0]["detail"]
    else:
        assert answers(kept) == ["0", "1", "2", "Entirely."]
        assert len(groups) == 2
    assert examples.rows_read == examples.rows_kept + examples.rows_dropped == 4
    assert examples.near_duplicates == (0 if policy == "keep" else 2)


def with_groups(*groups):
    """Near-duplicates with different requests, in groups that the source has set."""
    return [
        {"instruction": f"{LONG} {i}", "output": LONG, "group": group}
        for i, group in enumerate(groups)
    ]


def test_near_duplicates_share_a_group(clean):
    _, kept, _ = clean(with_groups("a", "b", "c"))
    assert {row["group"] for row in kept} == {"a"}
    _, kept, _ = clean(with_groups("a", "b", "c"), near_duplicates="keep")
    assert [row["group"] for row in kept] == ["a", "b", "c"]


def test_whole_groups_join(clean):
    """Otherwise a cluster would tear a group of the source apart, or the reverse."""
    friend = {"instruction": "Something else.", "output": "Entirely.", "group": "b"}
    stranger = {"instruction": "A third thing.", "output": "No.", "group": "z"}
    _, kept, _ = clean([friend, stranger, *with_groups("a", "b")])
    groups = {row["messages"][0]["content"].split()[0]: row["group"] for row in kept}
    assert groups["Something"] == groups["word0"] != groups["A"] == "z"


def test_two_clusters_with_a_common_group_join(clean):
    other = " ".join(reversed(WORDS))
    second = [
        {"instruction": f"{other} {i}", "output": other, "group": group}
        for i, group in enumerate(("b", "d"))
    ]
    _, kept, _ = clean([*with_groups("a", "b"), *second])
    assert len({row["group"] for row in kept}) == 1


@pytest.mark.parametrize("sides", [["test"] * 3, ["validation"] * 3, SIDES])
def test_rows_that_stay_on_the_side_that_the_source_has_set_are_left_be(clean, sides):
    rows = [row | {"split": side} for row, side in zip(near(3), sides, strict=True)]
    rows += [row | {"split": sides[0]} for row in near(3, start=3)]
    examples, kept, _ = clean(rows, near_duplicates="drop")
    assert (len(kept), examples.near_duplicates) == (6, 0)


@pytest.mark.parametrize("sides", [("train", "train", "train"), ("train", None, "train")])
def test_training_rows_from_which_a_side_may_be_taken_share_a_group(clean, sides):
    rows = with_groups("a", "b", "c")
    _, kept, _ = clean([row | {"split": side} for row, side in zip(rows, sides, strict=True)])
    assert {row["group"] for row in kept} == {"a"}


def test_how_similar_is_a_setting(clean):
    rows = [
        {"instruction": "Say it.", "output": " ".join(WORDS[:14])},
        {"instruction": "Say it.", "output": " ".join([*WORDS[:11], "a", "b", "c"])},
    ]
    assert clean(rows, near_duplicates="drop")[0].rows_kept == 2
    similar = {"near_duplicates": "drop", "near_duplicate_similarity": 0.4}
    assert clean(rows, **similar)[0].rows_kept == 1


def test_the_hash_does_not_depend_on_the_name_of_the_file(clean):
    assert clean([ROW, ROW], "a.jsonl")[0].sha256 == clean([ROW, ROW], "b.jsonl")[0].sha256


def test_a_repeated_step_is_not_done_again(tmp_path, settings, write_rows, monkeypatch):
    from peftline.corpus import deduplicate as module

    config = settings(write_rows([ROW, ROW]))
    valid = validate(ingest(config, tmp_path), config, tmp_path)
    first = deduplicate(valid, config, tmp_path)
    monkeypatch.setattr(module, "_store", None)
    assert deduplicate(valid, config, tmp_path) == first


def test_examples_are_read_back_as_they_were(clean, make_example, tmp_path):
    from peftline.corpus import examples as corpus_io

    rows = [make_example(id=str(i), split=side) for i, side in enumerate((None, "test"))]
    count, _ = corpus_io.write(tmp_path / "examples.jsonl", rows)
    assert count == 2
    assert list(corpus_io.read(tmp_path / "examples.jsonl")) == rows
    assert "split" not in next(jsonl.read(tmp_path / "examples.jsonl"))
