"""The README's commands run as they stand, made small by --env=test."""

import json
import re
import shlex
import shutil

import pytest
from omegaconf import OmegaConf


def commands(project):
    text = (project / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def kedro_runs(project):
    return [shlex.split(line) for line in commands(project) if line.startswith("kedro run")]


@pytest.fixture
def readers_project(tiny_project, tmp_path):
    """A finished project with the files that the README speaks of."""
    folder = tmp_path / "project"
    shutil.copytree(tiny_project, folder)
    rows = [{"instruction": f"Say {i}", "output": str(i)} for i in range(20)]
    (folder / "my_rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "my_prompts.txt").write_text("Hello?\nAnd <script>alert(1)</script>?\n")
    manifest = folder / "data/test/06_models/base/base_model.json"
    weights = manifest.parent / json.loads(manifest.read_text())["path"]
    shutil.copytree(weights, folder / "my_model")
    return folder


@pytest.mark.slow
def test_every_kedro_run_of_the_readme_works(project, readers_project, run):
    ran = 0
    for words in kedro_runs(project):
        options = dict(word.removeprefix("--").split("=", 1) for word in words[2:])
        dotted = options["params"].split(",") if "params" in options else []
        params = OmegaConf.to_container(OmegaConf.from_dotlist(dotted))
        if "/" in str(params.get("base_model", {}).get("source", "")):
            continue  # a hub id: needs the network
        run(readers_project, options["pipelines"], **params)
        ran += 1
    assert ran >= 4
    page = (readers_project / "data/test/08_reporting/predict.html").read_text()
    assert "&lt;script&gt;" in page and "<script>" not in page


def test_the_two_commands_stand_first(project):
    assert commands(project)[:2] == ["make run", "make test"]


def test_every_make_target_of_the_readme_exists(project):
    makefile = (project / "Makefile").read_text()
    targets = set(re.findall(r"`?make ([a-z]+)", (project / "README.md").read_text()))
    assert targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)
