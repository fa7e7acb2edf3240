"""A result is stale when the source it was made with has changed, and only then."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import ANY

import pytest

import peftline
from peftline import sources
from peftline.evaluation import metrics
from peftline.evaluation.protocol import scoring_sha256
from peftline.recipe import Recipe

LORA = Recipe(adapter={"type": "lora"})
RELORA = Recipe(adapter={"type": "relora"}, optimizer={"type": "adamw"})
VERA = Recipe(adapter={"type": "vera"})
FUSION = Recipe(adapter={"type": "adapter_fusion", "adapters": ["a", "b"]})
BOTTLENECK = Recipe(adapter={"type": "bottleneck", "placement": "pfeiffer"})
PLUS = Recipe(adapter={"type": "lora"}, optimizer={"type": "lora_plus"})
QLORA = Recipe(adapter={"type": "lora"}, quantization={"type": "nf4"})
EVERY = {
    "lora": LORA,
    "relora": RELORA,
    "vera": VERA,
    "fusion": FUSION,
    "bottleneck": BOTTLENECK,
    "lora_plus": PLUS,
    "qlora": QLORA,
}


DEFINES = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.If,  # TYPE_CHECKING
)


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
        ("adapters/lora.py", {"lora", "relora", "lora_plus", "qlora"}),
        ("adapters/eva.py", {"lora", "relora", "lora_plus", "qlora"}),
        ("adapters/relora.py", {"relora"}),
        ("adapters/bottleneck.py", {"bottleneck", "fusion"}),
        ("adapters/fusion.py", {"fusion"}),
        ("adapters/wrap.py", set(EVERY)),
        ("adapters/__init__.py", set(EVERY)),
        ("fine_tune.py", set(EVERY)),
        ("prepare.py", set(EVERY)),
        ("trainer.py", set(EVERY)),
        ("labels.py", set(EVERY)),
        ("locks.py", set()),
        ("partials.py", set()),
        ("delivery/layer_by_layer.py", set()),
        ("speed/head.py", set(EVERY)),
        ("objectives/sft.py", set(EVERY)),
        ("objectives/supervised.py", set(EVERY)),
        ("optimizers/__init__.py", set(EVERY)),
        ("optimizers/adamw.py", set(EVERY) - {"lora_plus"}),
        ("optimizers/lora_plus.py", {"lora_plus"}),
        ("optimizers/galore.py", set()),
        ("quantization/__init__.py", set(EVERY)),
        ("quantization/four_bit.py", {"qlora"}),
        ("quantization/eight_bit.py", set()),
        ("recipe.py", set(EVERY)),
        ("rendering/token_rows.py", set(EVERY)),
        # What has made the tokens is told by their hash; what asks and scores comes afterwards.
        ("rendering/stored.py", set()),
        ("formats/__init__.py", set()),
        ("schema.py", set()),
        # What is listed for all types counts by the recipe's own entry.
        ("adapters/types.py", set()),
        ("capabilities.py", set()),
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
    assert {"peftline.fine_tune", "peftline.adapters", "peftline.adapters.lora"} <= set(names)
    assert all(file.is_file() for file in sources.files(names))


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


# A new value on each axis: its module, and its line in the list of types.
NEW = {
    "adapters": ("NoAdapter", "none", "Nothing"),
    "optimizers": ("AdamW", "adamw", "Lion"),
    "quantization": ("NoQuantization", "none", "Hqq"),
    "objectives": ("Supervised", "supervised", "Preferences"),
}


def test_a_new_type_on_any_axis_leaves_all_results_as_they_were(tmp_path):
    copy = tmp_path / "peftline"
    shutil.copytree(Path(peftline.__file__).parent, copy, ignore=shutil.ignore_patterns("__py*"))

    def hashes():
        code = (
            "from peftline import recipe, sources\n"
            "assert sources.__file__.startswith(%r)\n"
            "made = recipe.Recipe(adapter={'type': 'none'}, optimizer={'type': 'galore'})\n"
            "print(sources.sha256(made))\n"
            "print(sources.sha256_without_recipe('peftline.evaluation.base'))\n"
            "print(*sorted(kind.__name__ for axis in recipe.AXES.values() for kind in axis))\n"
        )
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-c", code % str(tmp_path)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.splitlines()

    *before, known = hashes()
    for axis, (of, module, name) in NEW.items():
        source = (copy / axis / f"{module}.py").read_text()
        kind = re.search(r'Literal\["(.*)"\] = "', source).group(1)
        new = source.replace(of, name).replace(f'"{kind}"', f'"{name.lower()}"')
        (copy / axis / f"{name.lower()}.py").write_text(new)
        types = copy / axis / "types.py"
        listed = (
            f"from peftline.{axis}.{name.lower()} import {name}\n"
            f"TYPES[{name}] = next(iter(TYPES.values()))\n"
        )
        union = re.compile(r"^(?=(Adapter|Optimizer|Quantization|Objective) = )", re.MULTILINE)
        types.write_text(union.sub(listed, types.read_text()))
    *after, now = hashes()
    assert set(now.split()) - set(known.split()) == {name for *_, name in NEW.values()}
    assert after == before
    with (copy / "optimizers" / "galore.py").open("a") as file:
        file.write("# changed")
    assert hashes()[:2] == [ANY, before[1]]
    assert hashes()[0] != before[0]


@pytest.mark.parametrize(
    "roots", [["evaluation.base"], ["base_model.loading", "evaluation.text_loss"]]
)
def test_the_base_is_scored_anew_for_what_has_scored_it_alone(change_source, roots):
    def now():
        names = [f"peftline.{root}" for root in roots]
        return sources.sha256_without_recipe(*names, without="peftline.delivery")

    before = now()
    for module in OF_RECIPES:
        change_source(module)
        assert now() == before, module
    for module in OF_SCORES[roots[-1]]:
        change_source(module)
        assert now() != before, module
        before = now()


OF_RECIPES = [
    "recipe.py",
    "capabilities.py",
    "adapters/__init__.py",
    "adapters/lora.py",
    "adapters/own_format.py",
    "optimizers/__init__.py",
    "optimizers/adamw.py",
    "quantization/four_bit.py",
    "objectives/sft.py",
    "objectives/supervised.py",
    "training.py",
    "fine_tune.py",
    "delivery/merge.py",
    "delivery/adapter.py",
    "speed/head.py",
    "formats/kto.py",
    "reports/summary.py",
]
OF_SCORES = {
    "evaluation.base": [
        "evaluation/generation.py",
        "evaluation/metrics/tool_calls.py",
        "evaluation/metrics/text.py",
        "evaluation/shots.py",
        "rendering/render.py",
        "base_model/loading.py",
        "schema.py",
    ],
    "evaluation.text_loss": ["evaluation/likelihood.py", "base_model/loading.py"],
}


def test_a_package_defines_and_does_nothing():
    """So it need not count where one of its modules does."""
    folder = Path(peftline.__file__).parent
    for file in folder.rglob("__init__.py"):
        for at in ast.parse(file.read_text("utf-8")).body:
            text = isinstance(at, ast.Expr) and isinstance(at.value, ast.Constant)
            assert text or isinstance(at, DEFINES), f"{file}, line {at.lineno}"
