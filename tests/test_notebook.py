import re
import sys

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from traitlets import default

NOTEBOOK = "notebooks/compare_runs.ipynb"


class OnlyThisInterpreter(KernelSpecManager):
    """Whatever kernels are or are not installed, the notebook runs on the tests' Python."""

    def get_kernel_spec(self, kernel_name):
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="tests", language="python")


class Kernel(AsyncKernelManager):
    @default("kernel_spec_manager")
    def _only_this_interpreter(self):
        return OnlyThisInterpreter(parent=self)


@pytest.fixture
def notebook(project):
    return nbformat.read(project / NOTEBOOK, as_version=4)


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Run a notebook in a folder; its own settings and connection files go to a temporary one."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))

    def run(notebook, folder):
        place = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, timeout=300, resources=place, kernel_manager_class=Kernel)
        client.execute()
        return notebook

    return run


def set_parameters(notebook, **values):
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    for name, value in values.items():
        cell.source, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value!r}", cell.source)
        assert count == 1, f"the parameter cell does not set {name}"


def append(notebook, source):
    notebook.cells.append(nbformat.v4.new_code_cell(source))


def printed(cell):
    return "".join(o.text for o in cell.outputs if o.get("name") == "stdout").splitlines()


def test_notebook_is_valid_and_has_no_outputs(notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z-]+", cell.id)
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.slow
def test_notebook_shows_the_runs_of_a_project(notebook, execute, tiny_project):
    set_parameters(notebook, ROOT="data/test")
    append(notebook, "print(*sorted(table.index.get_level_values('recipe').unique()))")
    append(notebook, "print(*sorted(tracked['recipe'].unique()))")
    append(notebook, "print(*scores)")

    cells = {cell.id: cell for cell in execute(notebook, tiny_project).cells}

    in_table, in_mlflow, in_chart = (printed(cell) for cell in notebook.cells[-3:])
    assert in_table == ["lora qlora"]
    assert in_mlflow == ["lora qlora"]
    assert in_chart == [
        "base, zero-shot base, few-shot base, constant base, rules lora, seed 42 qlora, seed 42"
    ]
    assert printed(cells["answers"])[0].startswith("Prompt:")
    assert sum(line.startswith("qlora:") for line in printed(cells["answers"])) == 2
    assert any("image/png" in output.get("data", {}) for output in cells["chart"].outputs)


def test_notebook_started_elsewhere_names_the_folder(notebook, execute, tmp_path):
    notebook.cells = [cell for cell in notebook.cells if cell.id in ("parameters", "places")]

    with pytest.raises(Exception, match="is not inside the project. Start the notebook in its"):
        execute(notebook, tmp_path)
