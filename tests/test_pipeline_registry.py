"""What `kedro registry list` shows, and what it must not cost."""

import subprocess
import sys

from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

LISTING = """
import sys
from pathlib import Path
from kedro.framework.startup import bootstrap_project
from kedro.framework.project import pipelines
bootstrap_project(Path.cwd())
print(sorted(pipelines))
HEAVY = "torch transformers trl peft datasets plotly statsmodels scipy.stats".split()
print([name for name in HEAVY if name in sys.modules])
"""


def test_every_recipe_file_is_a_pipeline_in_a_namespace_of_its_own(project, monkeypatch):
    monkeypatch.chdir(project)
    bootstrap_project(project)
    for file in (project / "conf/base/parameters/recipes").glob("*.yml"):
        nodes = pipelines[file.stem].nodes
        assert {node.namespace for node in nodes} == {None, file.stem}


def test_a_new_recipe_file_is_all_that_a_new_recipe_needs(empty_project, run):
    recipe = "lora_small:\n  adapter: {type: lora, rank: 2, target_modules: [q_proj, v_proj]}\n"
    (empty_project / "conf/base/parameters/recipes/lora_small.yml").write_text(recipe)
    run(empty_project, "lora_small")
    summary = empty_project / "data/test/08_reporting/lora_small/seed-42/summary.json"
    # 2 layers x rank 2 x (q: 64 + 64, v: 64 + 32)
    assert '"trainable_parameters": 896,' in summary.read_text()


def test_listing_pipelines_imports_no_heavy_library(project):
    done = subprocess.run(
        [sys.executable, "-c", LISTING], cwd=project, capture_output=True, text=True, check=True
    )
    names, heavy = done.stdout.strip().splitlines()[-2:]
    assert "'qlora'" in names and heavy == "[]"
