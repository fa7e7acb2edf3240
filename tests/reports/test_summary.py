import json

import pytest

from peftline.delivery.placement import Placement
from peftline.evaluation import metrics
from peftline.evaluation.protocol import questions_sha256, scoring_sha256
from peftline.evaluation.statistics.intervals import proportion
from peftline.machine import hardware
from peftline.quantization import NF4
from peftline.reports.summary import Delivered, summarise, verdict
from peftline.schema import Evaluation


def metric(value, low=None, high=None, n=40):
    return {"value": value, "low": low, "high": high, "n": n}


def rows(hits, mode=None, size=1):
    made = [
        {
            "id": str(at),
            "group": f"tool-{at // size}",
            "prompt": f"question {at}",
            "reference": "answer",
            "finished": True,
            "scores": {"exact_match": bool(hit)},
        }
        for at, hit in enumerate(hits)
    ]
    return [row | {"mode": mode} for row in made] if mode else made


HISTORY = {
    "trainable_parameters": 10,
    "total_parameters": 100,
    "peak_memory_bytes": 2**31,
    "train_seconds": 90.0,
    "tokens_per_second": 5.0,
    "tokens": {"total": 450, "supervised": 45},
    "steps": 3,
    "train_loss": 0.5,
    "validation_loss": 0.6,
}
RECORDS = [
    {"step": 0, "validation_loss": 2.0},
    {"step": 3, "train_loss": 0.5, "validation_loss": 0.6},
]
GOOD, HALF, BAD = [1] * 36 + [0] * 4, [1, 0] * 20, [0] * 40


LORA = Delivered("lora", 36_250)


def of(
    history, scores, base, predictions, base_predictions, metric_set=metrics.TOOL_CALLS, known=None
):
    return verdict(LORA, history, scores, base, predictions, base_predictions, metric_set, known)


def judged(ours, zero_shot, few_shot):
    scores = {"exact_match": metric(sum(ours) / 40)}
    base = {
        "zero_shot": {"exact_match": metric(sum(zero_shot) / 40)},
        "few_shot": {"exact_match": metric(sum(few_shot) / 40)},
    }
    predictions = rows(zero_shot, "zero_shot") + rows(few_shot, "few_shot")
    return of(HISTORY, scores, base, rows(ours), predictions)


@pytest.mark.parametrize(
    ("ours", "few_shot", "outcome"),
    [
        (GOOD, BAD, "Fine-tuning with lora beats few-shot prompting"),
        (GOOD, GOOD, "lora is not measurably different from few-shot prompting"),
        # two points more, but others
        ([1] * 21 + [0] * 19, [0] * 20 + [1] * 20, "lora is not measurably different from few"),
        # four to none: McNemar's exact p cannot be less than 1/8
        (
            [1] * 4 + [0] * 36,
            [0] * 40,
            "lora against few-shot prompting: no verdict, 4 groups differ, which allows no p-value",
        ),
        ([1] * 6 + [0] * 34, [0] * 40, "lora beats few-shot prompting"),  # 1/32
        (BAD, GOOD, "lora is worse than few-shot prompting"),
    ],
)
def test_the_verdict_follows_the_paired_test(ours, few_shot, outcome):
    found = judged(ours, [0] * 40, few_shot)
    if few_shot == BAD:
        outcome = outcome.replace("few-shot", "zero-shot")  # the first of equals
    assert outcome in found


def test_the_better_way_of_prompting_is_the_opponent():
    found = judged(GOOD, HALF, BAD)
    assert "beats zero-shot prompting: exact_match 90.0 % against 50.0 %, +40.0 points" in found
    assert "n = 40" in found


def test_the_verdict_names_the_cost():
    found = judged(GOOD, HALF, BAD)
    assert "for 1.5 min of training, 2.0 GiB of memory and an adapter of 35.4 KiB." in found


def in_groups_of(size, ours=GOOD, theirs=HALF, deviation=None):
    scores, base = ({"exact_match": metric(sum(hits) / len(hits))} for hits in (ours, theirs))
    answered = rows(ours, size=size), rows(theirs, "zero_shot", size=size)
    return of(HISTORY, scores, {"zero_shot": base}, *answered, known=deviation)


def test_the_verdict_names_groups_and_goes_by_them():
    assert "n = 40 in 20 groups)" in in_groups_of(2)
    assert "no verdict, 8.0 effective groups, and 10 are needed" in in_groups_of(5)
    ours, theirs = [1] * 10 + [0] * 30, [0] * 40  # ten rows of five groups
    assert "lora beats zero-shot" in in_groups_of(1, ours, theirs)
    assert "no verdict, 5 groups differ" in in_groups_of(2, ours, theirs)


def test_a_value_whose_misses_lie_in_few_groups_is_called_so():
    scores = {"exact_match": proportion(GOOD, [str(at) for at in range(40)])}
    base = {"zero_shot": {"exact_match": metric(0.0)}}
    answered = rows(GOOD), rows(BAD, "zero_shot")
    found = of(HISTORY, scores, base, *answered)
    assert "beats zero-shot prompting" in found
    assert "On the value alone there is no verdict: misses in 4 groups, and 10 are" in found


def test_a_single_run_says_that_it_is_one_and_how_far_others_are_if_known():
    found = in_groups_of(1)
    assert found.endswith(
        "One run with one seed: how far another seed, or another number of threads, moves it is "
        "not known here."
    )
    known = in_groups_of(1, deviation=0.03)
    assert "others differ by 3.0 points (standard deviation)" in known


def test_answers_are_paired_by_example_not_by_position():
    scores = {"exact_match": metric(0.5)}
    base = {"zero_shot": {"exact_match": metric(0.5)}}
    turned = rows(HALF, "zero_shot")[::-1]
    found = of(HISTORY, scores, base, rows(HALF), turned)
    assert "+0.0 points (+0.0 to +0.0" in found


def test_text_is_judged_by_rouge():
    def text(values, **more):
        return [
            {"id": str(i), "group": str(i), "scores": {"exact_match": False, "rouge_l": v}} | more
            for i, v in enumerate(values)
        ]

    scores = {"exact_match": metric(0.0), "rouge_l": metric(0.9)}
    base = {"zero_shot": {"exact_match": metric(0.0), "rouge_l": metric(0.2)}}
    found = of(
        HISTORY,
        scores,
        base,
        text([0.9] * 10),
        text([0.2] * 10, mode="zero_shot"),
        metrics.TEXT,
    )
    assert "beats zero-shot prompting: rouge_l 90.0 % against 20.0 %" in found


def losses(values, tokens, **more):
    return [
        {"id": str(i), "group": str(i), "scores": {"negative_log_likelihood": v, "tokens": t}}
        | more
        for i, (v, t) in enumerate(zip(values, tokens, strict=True))
    ]


@pytest.mark.parametrize(
    ("ours", "outcome"),
    [
        (2.0, "beats few-shot prompting: negative_log_likelihood 2.000 against 3.000"),
        (3.0, "is not measurably different from few-shot prompting"),
        (4.0, "is worse than few-shot prompting: negative_log_likelihood 4.000 against 3.000"),
    ],
)
def test_of_losses_the_lower_is_the_better(ours, outcome):
    tokens = [5, 1] * 10
    scores = {"negative_log_likelihood": metric(ours)}
    base = {
        "zero_shot": {"negative_log_likelihood": metric(3.5)},
        "few_shot": {"negative_log_likelihood": metric(3.0)},
    }
    predictions = losses([3.5] * 20, tokens, mode="zero_shot")
    predictions += losses([3.0] * 20, tokens, mode="few_shot")
    ours_by_row = losses([ours] * 20, tokens)
    found = of(HISTORY, scores, base, ours_by_row, predictions, metrics.PERPLEXITY)
    assert outcome in found
    assert f"{ours - 3:+.3f} nats per token (" in found
    assert "n = 20" in found


@pytest.fixture
def summarised(trained_lora, loud_base, sum_splits, sum_tokens, recipe):
    def run(**more):
        values = {
            "trained": trained_lora.handle,
            "base": loud_base,
            "splits": sum_splits,
            "tokenised": sum_tokens,
            "recipe": recipe(max_steps=6),
            "evaluation": Evaluation(max_new_tokens=6, metrics="tool_calls"),
            "history": HISTORY | {"records": RECORDS},
            "scores": {"exact_match": metric(0.5)},
            "scores_validation": None,
            "scores_quantized": None,
            "scores_unquantized": None,
            "placement": Placement(),
            "base_scores": {"zero_shot": {"exact_match": metric(0.5)}},
            "predictions": rows(HALF),
            "base_predictions": rows(HALF, "zero_shot"),
            "forgetting": None,
            "generation": None,
            "merge_report": {"verified": True},
            "git_sha": "abc",
        }
        return summarise(**values | more)

    return run


def test_scores_on_a_quantised_base_are_called_so_in_field_and_verdict(summarised):
    small = {"unquantized_bytes": 14 * 10**9, "available_bytes": 8 * 10**9}
    small |= {"scored_on": "quantized", "quantization": NF4()}
    summary = summarised(placement=Placement(**small))
    assert summary["scored_on"] == "quantized"
    told = "Scored on the base in nf4, for the base in 16 bits does not fit this device (13.0 GiB"
    assert told in summary["verdict"]
    usual = summarised()
    assert usual["scored_on"] == "unquantized" and "Scored on" not in usual["verdict"]


def test_a_base_that_was_asked_in_four_bits_beside_another_adapter_is_called_so(summarised):
    base = {"zero_shot": {"exact_match": metric(0.5)}, "base_quantization": "nf4"}
    summary = summarised(base_scores=base)
    assert "The base alone was asked in nf4" in summary["verdict"]
    assert "asked in nf4" in summary["scored_on_reason"]


def test_answers_without_a_model_are_told_but_not_the_opponent(summarised):
    base = {
        "zero_shot": {"exact_match": metric(0.5)},
        "constant": {"exact_match": metric(1.0)},
        "rules": {"exact_match": metric(1.0)},
    }
    answered = rows(HALF, "zero_shot") + rows([1] * 40, "constant") + rows([1] * 40, "rules")
    summary = summarised(base_scores=base, base_predictions=answered)
    assert "not measurably different from zero-shot prompting" in summary["verdict"]
    assert summary["base_metrics"] == {**base, "few_shot": None}


def test_the_draws_of_worked_examples_stand_beside_the_base_metrics(summarised):
    draws = {"chosen": 1, "metric": "exact_match", "n": 6, "values": [0.0, 0.5]}
    base = {mode: {"exact_match": metric(0.5)} for mode in ("zero_shot", "few_shot")}
    summary = summarised(base_scores=base | {"few_shot_draws": draws})
    assert summary["few_shot_draws"] == draws
    assert set(summary["base_metrics"]) == {"zero_shot", "few_shot", "constant", "rules"}


def test_the_verdict_says_what_was_not_asked_and_why():
    scores = {"exact_match": metric(0.9)}
    base = {"zero_shot": {"exact_match": metric(0.5)}, "not_asked": {"few_shot": "too long"}}
    found = of(HISTORY, scores, base, rows(GOOD), rows(HALF, "zero_shot"))
    assert "beats zero-shot prompting" in found
    assert " Few-shot prompting was not asked: too long." in found
    both = of(HISTORY, scores, base | {"not_asked": {}}, rows(GOOD), rows(HALF, "zero_shot"))
    assert "not asked" not in both


def test_what_was_not_asked_stands_in_the_summary(summarised):
    base = {"zero_shot": {"exact_match": metric(0.5)}, "not_asked": {"few_shot": "too long"}}
    summary = summarised(base_scores=base)
    assert summary["not_asked"] == {"few_shot": "too long"}
    assert summary["base_metrics"]["few_shot"] is None
    assert "Few-shot prompting was not asked: too long. One run" in summary["verdict"]
    assert summarised()["not_asked"] == {}


def test_the_machine_of_the_training_is_in_the_summary(summarised):
    machine = hardware().model_dump(mode="json")
    history = HISTORY | {"records": RECORDS, "hardware": machine}
    assert summarised(history=history)["hardware"] == machine
    assert summarised()["hardware"] is None


def test_the_scoring_is_named_in_the_summary(summarised):
    summary = summarised()
    assert summary["metric_set"] == "tool_calls"
    assert summary["scoring_sha256"] == scoring_sha256(metrics.TOOL_CALLS)


def test_a_run_of_plain_text_has_no_set_of_metrics(summarised):
    summary = summarised(scores={}, base_scores={}, predictions=[], base_predictions=[])
    assert summary["metric_set"] is summary["scoring_sha256"] is None
    assert "text without questions" in summary["verdict"]


@pytest.mark.parametrize("field", ["id", "prompt", "reference", "group"])
def test_the_hash_of_the_test_questions_is_that_of_their_content(field):
    answered = [row | {"group": "g"} for row in rows(HALF)]
    other = [answered[0] | {field: "other"}, *answered[1:]]
    assert questions_sha256(answered) == questions_sha256(answered[::-1])
    assert questions_sha256(answered) != questions_sha256(other)
    better = [row | {"scores": {}, "prediction": "x"} for row in answered]
    assert questions_sha256(answered) == questions_sha256(better)


def test_what_was_measured_is_in_the_summary(summarised):
    measured = {
        "forgetting": {"base_loss": 3.0, "loss": 3.1},
        "generation": {"merged_tokens_per_second": 20.0},
    }
    summary = summarised(**measured, scores_validation={"exact_match": metric(0.25)})
    assert {name: summary[name] for name in measured} == measured
    assert summary["validation_metrics"] == {"exact_match": metric(0.25)}


def test_a_summary_says_by_itself_what_was_trained(summarised, recipe):
    settings = json.loads(json.dumps(summarised()["settings"]))
    assert settings["adapter"]["rank"] == 4 and settings["training"]["max_steps"] == 6
    assert type(recipe(max_steps=6)).model_validate(settings) == recipe(max_steps=6)


def test_how_answers_were_made_stands_in_the_summary(summarised):
    assert summarised()["evaluation"]["max_new_tokens"] == 6


def test_a_metric_that_is_no_number_is_called_so():
    scores = {"negative_log_likelihood": metric(3.0)}
    found = of(
        HISTORY,
        scores,
        {"zero_shot": scores},
        losses([float("nan")] * 20, [1] * 20),
        losses([3.0] * 20, [1] * 20, mode="zero_shot"),
        metrics.PERPLEXITY,
    )
    assert "diverged: negative_log_likelihood is no number" in found


def test_faults_of_the_training_are_named(summarised):
    assert summarised()["health"] == []
    cut = [row | {"finished": False} for row in rows(HALF)]
    assert [found["name"] for found in summarised(predictions=cut)["health"]] == ["no_stop"]


def test_the_summary_is_one_json_value_with_all_identities(summarised, loud_base):
    summary = summarised()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["status"] == "finished"
    assert summary["base_metrics"]["few_shot"] is None
    assert summary["metrics_quantized"] is None
    sizes = {"train": 24, "validation": 6, "test": 6}
    test = questions_sha256(rows(HALF))
    groups = {"groups": 40, "effective_groups": 40.0}
    hashes = {"sha256": "sums", "test_sha256": test}
    assert summary["data"] == {**hashes, **sizes, "not_whole": {}, **groups}
    assert summary["objective"] == "sft" and summary["start_from"] is None
    assert summary["base_model"]["id"] == "loud"
    assert summary["base_model"]["sha256"] == loud_base.sha256
    assert summary["input_hash"] == "0" * 64
    assert summary["versions"]["peft"]
    for name, value in HISTORY.items():
        assert summary[name] == value
