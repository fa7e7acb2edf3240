"""The checks for a GPU, as far as a CPU has what they need."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "benchmarks/gpu.py"
# What the project depends on, and a machine with torch, transformers, peft, trl and bitsandbytes
# need not have.
MISSING = [
    *("kedro", "kedro_datasets", "kedro_mlflow", "kedro_viz", "mlflow", "omegaconf", "optuna"),
    *("grimp", "datasketch", "galore_torch", "gguf", "joblib", "plotly", "rouge_score"),
    *("sacrebleu", "statsmodels", "matplotlib"),
]


@pytest.fixture(scope="module")
def gpu():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        spec = importlib.util.spec_from_file_location("benchmarks_gpu", SCRIPT)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def machine(gpu, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu")
    return gpu.Machine(torch.device("cpu"), gpu.SIZES["tiny"], 8, 32, 2, folder)


def checks(gpu, *words):
    return [check for check in gpu.CHECKS if any(word in check.__name__ for word in words)]


def test_on_a_cpu_what_needs_a_gpu_is_skipped_and_all_else_passes(gpu, machine, capsys):
    """All but the peaks, which `stages.py` measures in processes of their own."""
    chosen = checks(gpu, "gradients", "steps", "answers", "merging", "speed")
    assert gpu.run(chosen, machine) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "14 checks, 12 passed, 2 skipped: no CUDA"
    skipped = [line for line in lines if line.startswith("skipped")]
    assert [line.split()[1] for line in skipped] == [
        "gradients_of_a_compiled_model:",
        "steps_of_eight_bit_optimizers:",
    ]


@pytest.mark.parametrize(
    ("module", "function", "check"),
    [
        ("peftline.speed.head", "FrozenHeadLoss", "gradients_of_the_frozen_head"),
        ("peftline.speed.norms", "RmsNorm", "gradients_of_norms"),
        ("peftline.speed.low_rank", "LowRankProducts", "gradients_of_lora_layers"),
    ],
)
def test_a_wrong_gradient_is_found(gpu, machine, monkeypatch, capsys, module, function, check):
    kind = getattr(importlib.import_module(module), function)
    right = kind.backward

    def backward(ctx, *grads):
        return tuple(
            grad * 1.01 if isinstance(grad, torch.Tensor) else grad for grad in right(ctx, *grads)
        )

    monkeypatch.setattr(kind, "backward", staticmethod(backward))
    assert gpu.run(checks(gpu, check), machine) == 1
    out = capsys.readouterr().out
    assert f"failed  {check}: gradients differ by" in out
    assert out.endswith("1 checks, 1 failed\n")


def test_a_last_line_counts_all_outcomes_and_names_what_is_lacking(gpu, machine, capsys):
    def passing(machine):
        return "fine"

    def lacking(machine):
        raise gpu.Skipped("no CUDA")

    def lacking_too(machine):
        raise gpu.Skipped("no package x")

    def wrong(machine):
        gpu.require(False, "1 is not 2")

    def broken(machine):
        raise RuntimeError("out of memory")

    assert gpu.run([passing, lacking, lacking, lacking_too], machine) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "4 checks, 1 passed, 3 skipped: no CUDA; no package x"
    )
    assert gpu.run([wrong, broken, passing], machine) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("failed  wrong: 1 is not 2")
    assert lines[1].startswith("failed  broken: RuntimeError: out of memory")
    assert lines[-1] == "3 checks, 1 passed, 2 failed"


def test_a_stage_that_takes_more_than_the_bar_fails(gpu, machine, monkeypatch, capsys):
    found = {"peak_bytes": 4.2e9, "file_bytes": 2e9}
    stages = type(sys)("stages")
    stages.measure = lambda *_: found
    monkeypatch.setitem(sys.modules, "stages", stages)
    assert gpu.run(checks(gpu, "peak_of_merge"), machine) == 1
    assert "4.20 GB, file 2.00 GB (limit 4.10 GB)" in capsys.readouterr().out
    found["peak_bytes"] = 4.0e9
    assert gpu.run(checks(gpu, "peak_of_merge"), machine) == 0


def test_neither_kedro_nor_mlflow_is_needed():
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in MISSING)
    code = f"import sys, runpy; {blocked}; sys.argv[1:] = {['--size=tiny', '--only=g']!r}; "
    code += f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code.replace("--only=g", "--only=of_norms")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "1 checks, 1 passed"
