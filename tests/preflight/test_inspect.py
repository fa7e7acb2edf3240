"""What the preflight finds in good data and in bad."""

import json

import pytest

from peftline.errors import PeftlineError
from peftline.preflight.problems import gate
from peftline.reports.preflight import page

SIDES = ["train", "validation", "test"]
ROWS = [
    {"instruction": f"Say the number {at} in words, please.", "output": f"It is number {at}."}
    for at in range(120)
]


@pytest.fixture(scope="module")
def report(inspected):
    return inspected(ROWS)


def names(report, level=None):
    return {p["name"] for p in report["problems"] if level in (None, p["level"])}


def test_good_data_have_no_error_and_pass_the_gate(report):
    assert names(report) <= {"few_test_rows", "near_duplicates"}
    assert set(gate(report)["problems"]) == names(report)


def test_the_report_is_json_and_counts_all_rows(report):
    assert json.loads(json.dumps(report))["rows"] == {
        "read": 120,
        "kept": 120,
        "dropped": 0,
        "reasons": {},
    }
    assert report["format"] == "alpaca"
    assert sum(report["splits"].values()) == 120


def test_the_supervised_share_is_that_of_the_answers(report):
    supervised = sum(piece["loss"] for example in report["examples"] for piece in example["pieces"])
    shown = sum(len(example["pieces"]) for example in report["examples"])
    assert report["supervised_share"] == pytest.approx(supervised / shown, abs=0.02)
    assert 0 < report["supervised_share"] < 0.5


def test_examples_show_what_carries_loss(report):
    example = report["examples"][0]
    learnt = "".join(piece["text"] for piece in example["pieces"] if piece["loss"])
    assert learnt.startswith("It is number ") and learnt.endswith("<|end|>")
    assert example["pieces"][-1]["special"] or example["pieces"][-2]["special"]
    assert "Say the number" in "".join(piece["text"] for piece in example["pieces"])


def test_the_costs_are_those_of_the_recipe(report):
    training = report["training"]
    assert training["steps"] == 4
    assert 0 < training["trainable_parameters"] < training["total_parameters"]
    assert training["step_0_loss"] == pytest.approx(6.2, abs=1)  # ln of the vocabulary: untrained
    assert training["predicted_seconds"] > 0
    assert training["predicted_memory_bytes"] > 4 * training["total_parameters"]


PREFERENCE = [
    {"prompt": f"Question {at}?", "chosen": f"Good {at}.", "rejected": f"Bad {at}."}
    for at in range(60)
]


def test_data_of_another_objective_stop_a_run_and_not_a_look(inspected):
    stopped = inspected(PREFERENCE)
    assert "data_do_not_fit_objective" in names(stopped, "error")
    with pytest.raises(Exception, match="data_do_not_fit_objective.*'preference'"):
        gate(stopped)
    looked = inspected(PREFERENCE, for_training=False)
    assert "data_do_not_fit_objective" in names(looked, "warning")
    assert gate(looked)


def test_dropped_rows_and_duplicates_are_named(inspected):
    rows = [*ROWS[:60], ROWS[0], {"instruction": "Nothing?", "output": " "}]
    report = inspected(rows, problems={"empty_answer": "drop"})
    assert report["rows"]["dropped"] == 2
    assert report["rows"]["reasons"] == {"duplicate": 1, "empty_answer": 1}
    found = next(p for p in report["problems"] if p["name"] == "rows_dropped")
    assert "2 of 62 rows" in found["message"]
    assert any("row 62" in row for row in found["rows"])


def test_fields_that_nothing_reads_are_named(inspected, report):
    assert report["unread_fields"] == {} and "unread_fields" not in names(report)
    rows = [{**row, "score": at} for at, row in enumerate(ROWS[:40])]
    rows[0]["hint"] = "Think."
    report = inspected(rows)
    assert report["unread_fields"] == {"score": 40, "hint": 1}
    found = next(p for p in report["problems"] if p["name"] == "unread_fields")
    assert found["level"] == "warning"
    assert "'score' (40 rows), 'hint' (1 rows)" in found["message"]
    assert "<dd>score, hint</dd>" in page(report)


def test_prompts_that_are_tested_are_found_in_training(inspected):
    sides = ("train", "test", "validation")
    # With groups of their own, equal prompts may stand on several sides.
    rows = [{**row, "split": sides[i % 3], "group": str(i)} for i, row in enumerate(ROWS)]
    rows[1] = {**rows[1], "instruction": rows[0]["instruction"]}
    report = inspected(rows)
    assert len(report["leakage"]["equal"]) == 1
    assert "leakage_equal" in names(report)


def test_overlap_with_a_benchmark_is_found(inspected, tmp_path):
    text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    rows = [*ROWS, {"instruction": f"Count: {text} and so on", "output": "Fine."}]
    rows = [{**row, "split": "train"} for row in rows]
    rows[3]["split"], rows[4]["split"] = "test", "validation"
    benchmark = tmp_path / "benchmark.jsonl"
    lines = [{"question": text.upper()}, {"question": "Is it?"}]
    benchmark.write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = inspected(rows, benchmark=benchmark)
    assert len(report["benchmark"]["overlapping"]) == 1
    assert {"benchmark_overlap", "benchmark_not_compared"} <= names(report)
    assert "1 (1 of its 2 rows too short to compare)" in page(report)


def test_special_tokens_in_texts_are_reported(inspected):
    rows = [{**row, "instruction": row["instruction"] + " <|end|>"} for row in ROWS[:40]]
    report = inspected(rows)
    assert report["neutralised"] >= 30
    assert "special_tokens_in_texts" in names(report)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"ends_without_loss": ["a"]}, "end_token_without_loss"),
        ({"leading_bos": {"2": 3}}, "several_bos_tokens"),
        ({"leading_bos": {"0": 3, "1": 90}, "expects_bos": True}, "missing_bos_token"),
        ({"supervised_share": 1}, "everything_is_supervised"),
    ],
)
def test_faults_of_the_masks_are_errors(report, recipe, change, problem):
    from peftline.preflight import findings

    assert problem in {p["name"] for p in findings.find(report | change, recipe(), True)}


def test_adapters_that_saw_other_data_or_prompts_are_named(report, recipe):
    from peftline.preflight import findings

    assert report["parts"] == []
    part = {"recipe": "pfeiffer", "seed": 42, "same_data": True, "same_rendering": True}
    others = [part, part | {"same_data": False}, part | {"same_rendering": False}]
    found = {p["name"] for p in findings.find(report | {"parts": others}, recipe(), True)}
    fine = {p["name"] for p in findings.find(report | {"parts": [part]}, recipe(), True)}
    assert found - fine == {"parts_with_other_data", "parts_with_other_rendering"}


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_an_error_and_leaves_the_report_json(
    inspected, factor, monkeypatch
):
    from peftline.preflight import probe

    def broken(model, batch, real=probe.batch_loss):
        total, count = real(model, batch)
        return total * factor, count

    monkeypatch.setattr(probe, "batch_loss", broken)
    report = inspected(ROWS[:40])
    assert json.loads(json.dumps(report, allow_nan=False))["training"]["step_0_loss"] is None
    assert "loss_not_finite" in names(report, "error")
    assert "infinite or no number" in page(report)


def test_everything_from_data_is_escaped_on_the_page(inspected):
    evil = "<script>alert(1)</script>"
    rows = [{"instruction": f"{evil} {at}", "output": f"{evil} {at}"} for at in range(40)]
    html = page(inspected(rows))
    assert "<script" not in html
    assert "&lt;script" in html or "&lt;</span>" in html


def test_an_error_shows_a_red_banner(inspected):
    html = page(inspected(PREFERENCE))
    assert '<div class="banner error">1 error: training would stop here.</div>' in html


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({"validation": True, "few_shot": 0}, True),
        ({"validation": False, "few_shot": 3}, True),  # worked examples are chosen by it
        ({"validation": False, "few_shot": 3, "few_shot_draws": 1}, False),
        ({"validation": False, "few_shot": 0}, False),
    ],
)
def test_references_that_cannot_be_scored_stop_a_run_before_its_training(
    inspected, asked, is_found
):
    rows = [row | {"split": side} for row, side in zip(ROWS, SIDES * 40, strict=True)]
    rows[1]["output"] = "It is the last one."  # of the validation split
    found = inspected(rows, evaluation={"metrics": "numeric", **asked})
    assert ("references_cannot_be_scored" in names(found, "error")) == is_found
    if is_found:
        with pytest.raises(PeftlineError, match="1 examples of the validation split .*row 2"):
            gate(found)


def test_choices_that_cannot_be_stop_a_run_before_its_training(inspected):
    rows = [row | {"split": side} for row, side in zip(ROWS, SIDES * 40, strict=True)]
    scored = {"metrics": "multiple_choice", "few_shot": 0}
    with pytest.raises(PeftlineError, match="references are none of the choices"):
        gate(inspected(rows, evaluation=scored | {"choices": ["It is number 2.", "b"]}))
    for row in rows:
        row["output"] = "Yes." if row["instruction"].count("1") else "No."
    assert "references_cannot_be_scored" not in names(inspected(rows, evaluation=scored))


def test_all_of_a_plain_text_but_its_first_token_carries_loss(inspected):
    found = inspected([{"text": row["instruction"]} for row in ROWS], evaluation={"few_shot": 0})
    assert found["supervised_share"] == 1, "of what is predicted"
    assert "everything_is_supervised" not in names(found)
    example = found["examples"][0]
    assert example["supervised"] == example["length"] - 1
    assert [piece["loss"] for piece in example["pieces"]] == [False] + [True] * (
        len(example["pieces"]) - 1
    )


def test_conversations_that_carry_loss_everywhere_are_found(inspected, monkeypatch):
    """Everywhere but on the first token, which nothing predicts."""
    from peftline.rendering import rows as rendered

    def unmasked(texts, template, labelled=rendered.labelled):
        return [rendered.Tokens(one.input_ids, one.input_ids) for one in labelled(texts, template)]

    monkeypatch.setattr(rendered, "labelled", unmasked)
    given = [row | {"output": row["output"] + " Yes."} for row in ROWS[:40]]
    assert "everything_is_supervised" in names(inspected(given), "error")


def test_plain_text_has_no_references(inspected):
    found = inspected([{"text": row["instruction"]} for row in ROWS], evaluation={"few_shot": 0})
    assert found["answers"]["references"] == 0
    assert "references_cannot_be_scored" not in names(found)


def test_refusals_among_the_answers_are_counted(inspected):
    rows = [dict(row) for row in ROWS]
    for row in rows[::4]:
        row["output"] = "I'm sorry, but I can't help with that."
    share = inspected(rows)["contents"]["refusal_share"]
    assert 0.15 < share < 0.35
    texts = [{"text": f"{at}: I cannot go on, we said."} for at in range(120)]
    assert inspected(texts, evaluation={"few_shot": 0})["contents"]["refusal_share"] == 0


def test_references_that_are_longer_than_answers_may_be_are_counted(inspected):
    rows = [row | {"split": side} for row, side in zip(ROWS, SIDES * 40, strict=True)]
    longest = rows[2]["output"] = "It is number 2, " * 30 + "I think."  # of the test split
    rows[1]["output"] = longest * 2  # of the validation split, which nobody answers
    found = inspected(rows)["answers"]
    assert (found["references"], found["longer"], found["limit"]) == (40, 1, 128)
    report = inspected(rows, evaluation={"max_new_tokens": found["longest"] - 1})
    (told,) = (p for p in report["problems"] if p["name"] == "answers_will_be_cut")
    assert told["level"] == "warning" and told["message"].startswith("1 of 40 references")
    assert f"evaluation.max_new_tokens={found['longest']}" in told["message"]
    enough = inspected(rows, evaluation={"max_new_tokens": found["longest"]})
    assert "answers_will_be_cut" not in names(enough)
    read = inspected(rows, evaluation={"metrics": "perplexity", "max_new_tokens": 1})
    assert read["answers"]["references"] == 0


LONG = [
    row | {"split": side, "instruction": row["instruction"] + (" Please." * 40) * (at == 1)}
    for at, (row, side) in enumerate(zip(ROWS[:60], SIDES * 20, strict=True))
]  # the second row of all is of the validation split


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({"validation": True, "few_shot": 0}, True),
        ({"validation": False, "few_shot": 0}, False),
    ],
)
def test_questions_that_the_model_cannot_read_stop_a_run_before_its_training(
    inspected, short_context, asked, is_found
):
    """As far as they are asked, with the longest answer that they may have."""
    limits = {"max_length_tokens": 200, "too_long": "drop"}  # of training and validation losses
    settings = {"max_new_tokens": 50, "latency": False}
    found = inspected(LONG, base=short_context(200), rendering=limits, evaluation=settings | asked)
    assert ("prompts_too_long" in names(found, "error")) == is_found
    if is_found:
        with pytest.raises(PeftlineError, match=r"1 of 20 questions of the validation .*row 2 \("):
            gate(found)


def test_so_do_questions_that_only_virtual_tokens_make_too_long(
    inspected, short_context, recipe, prepared
):
    from peftline.base_model.loading import load_tokenizer
    from peftline.preflight import scoring
    from peftline.rendering import template
    from peftline.schema import Evaluation

    made, base = prepared(LONG), short_context(200)
    given = (made.splits, template.load(load_tokenizer(base), made.rendering))
    asked = Evaluation(max_new_tokens=50, few_shot=0)
    needed = next(
        tokens
        for tokens in range(100, 200)
        if not scoring.check(*given, asked, tokens, 0)["too_long"]
    )
    assert not scoring.check(*given, asked, needed + 8, 8)["too_long"]
    assert scoring.check(*given, asked, needed + 7, 8)["too_long"]


def test_worked_examples_that_the_model_cannot_read_are_no_error(inspected, short_context):
    base = short_context(200)
    found = inspected(ROWS[:60], base=base, evaluation={"max_new_tokens": 50, "few_shot": 3})
    assert "prompts_too_long" not in names(found)
    told = next(p for p in found["problems"] if p["name"] == "no_few_shot_score")
    assert told["level"] == "warning"
    assert "with worked examples need more tokens than the 200" in told["message"]
    short = inspected(ROWS[:60], evaluation={"max_new_tokens": 50, "few_shot": 3})
    assert "no_few_shot_score" not in names(short)


@pytest.mark.parametrize("positions", ["rotary", "learned"])
@pytest.mark.parametrize(("at", "side"), [(0, "train"), (1, "validation")])
def test_rows_that_the_model_cannot_read_stop_before_it_is_tried(
    inspected, short_context, positions, at, side
):
    rows = [row | {"split": SIDES[number % 3]} for number, row in enumerate(ROWS[:60])]
    rows[at]["instruction"] += " Please." * 40
    with pytest.raises(
        PeftlineError, match=f"1 of 20 rows of the {side} split need .*max_length_tokens=200"
    ):
        inspected(rows, base=short_context(200, positions), evaluation={"few_shot": 0})
