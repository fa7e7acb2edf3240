"""A result is stale when the source it was made with has changed, and only then."""

import pytest

from peftline import sources
from peftline.evaluation import metrics
from peftline.evaluation.protocol import scoring_sha256
from peftline.schema import Recipe

LORA = Recipe(adapter={"type": "lora"})
RELORA = Recipe(adapter={"type": "relora"}, optimizer={"type": "adamw"})
VERA = Recipe(adapter={"type": "vera"})
FUSION = Recipe(adapter={"type": "adapter_fusion", "adapters": ["a", "b"]})
BOTTLENECK = Recipe(adapter={"type": "bottleneck", "placement": "pfeiffer"})
EVERY = {"lora": LORA, "relora": RELORA, "vera": VERA, "fusion": FUSION, "bottleneck": BOTTLENECK}


@pytest.fixture
def changed(change_source):
    """The recipes whose hash changes with a line added to a module."""

    def change(module):
        before = {name: sources.sha256(recipe) for name, recipe in EVERY.items()}
        change_source(module)
        return {name for name, recipe in EVERY.items() if sources.sha256(recipe) != before[name]}

    return change


@pytest.mark.parametrize(
    ("module", "stale"),
    [
        ("adapters/vera.py", {"vera"}),
        ("adapters/lora.py", {"lora", "relora"}),
        ("adapters/eva.py", {"lora", "relora"}),
        ("adapters/relora.py", {"relora"}),
        ("adapters/bottleneck.py", {"bottleneck", "fusion"}),
        ("adapters/fusion.py", {"fusion"}),
        ("adapters/wrap.py", set(EVERY)),
        ("adapters/__init__.py", set(EVERY)),
        ("fine_tune.py", set(EVERY)),
        ("prepare.py", set(EVERY)),
        ("trainer.py", set(EVERY)),
        ("labels.py", set(EVERY)),
        ("speed/head.py", set(EVERY)),
        ("objectives/sft.py", set(EVERY)),
        ("optimizers.py", set(EVERY)),
        ("rendering/stored.py", set(EVERY)),
        ("reports/summary.py", set()),
        ("evaluation/answers.py", set()),
        ("tool_calls/generate.py", set()),
        ("pipelines/finetune/train.py", set()),
    ],
)
def test_a_changed_module_makes_those_stale_that_are_trained_with_it(changed, module, stale):
    assert changed(module) == stale


def test_every_module_that_is_named_has_a_file():
    names = sources.modules("peftline.fine_tune", LORA)
    assert {"peftline", "peftline.fine_tune", "peftline.adapters"} <= set(names)
    assert all(file.is_file() for file in sources.files(names))


def test_what_answers_without_an_adapter_depends_on_no_type_of_it():
    names = sources.modules("peftline.evaluation.base")
    assert {"peftline.evaluation.generation", "peftline.speed.layers"} <= set(names)
    assert not {"peftline.adapters.lora", "peftline.adapters.vera"} & set(names)


@pytest.mark.parametrize(
    ("module", "stale"),
    [
        ("evaluation/metrics/numeric.py", {"numeric"}),
        ("evaluation/metrics/labels.py", {"labels", "multiple_choice"}),
        ("evaluation/metrics/refusal.py", {"refusal", "tool_calls"}),
        ("tool_calls/scoring.py", {"refusal", "tool_calls"}),
        ("corpus/shingles.py", {"text"}),
        ("evaluation/metrics/metric_set.py", set(metrics.SETS)),
        ("evaluation/metrics/__init__.py", set()),
        ("evaluation/asking.py", set()),
        ("schema.py", set()),
        ("store.py", set()),
        ("adapters/lora.py", set()),
        ("tool_calls/generate.py", set()),
    ],
)
def test_a_changed_module_makes_the_scores_stale_that_are_made_with_it(
    change_source, module, stale
):
    before = {name: scoring_sha256(one) for name, one in metrics.SETS.items()}
    change_source(module)
    after = {name: scoring_sha256(one) for name, one in metrics.SETS.items()}
    assert {name for name in before if before[name] != after[name]} == stale
