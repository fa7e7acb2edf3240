"""On which machine a run was made."""

import json
from types import SimpleNamespace

import joblib
import psutil
import pytest
import torch

from peftline import machine


@pytest.fixture
def accelerator(monkeypatch):
    """A machine with a device, whose driver tells its version with this script."""

    def make(script, folder):
        tool = folder / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")
        found = SimpleNamespace(name="H200", total_memory=141 * 2**30)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda at: found)

    return make


def test_a_machine_is_what_this_process_can_use():
    found = machine.hardware()
    assert found.cores == joblib.cpu_count()
    assert found.threads == torch.get_num_threads()
    assert found.memory_bytes == psutil.virtual_memory().total
    assert found.processor
    again = machine.Hardware.model_validate(json.loads(found.model_dump_json()))
    assert again == found and again.speed == found.speed


def test_without_an_accelerator_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert machine.hardware().accelerator is None


@pytest.mark.parametrize(
    ("script", "driver"), [("echo 580.95", "580.95"), ("exit 9", None), ("true", None)]
)
def test_an_accelerator_has_a_name_its_memory_and_a_driver(accelerator, tmp_path, script, driver):
    accelerator(script, tmp_path)
    found = machine.hardware()
    assert found.accelerator == machine.Accelerator(
        name="H200", memory_bytes=141 * 2**30, driver=driver
    )
    assert found.compute_dtype == "bfloat16"
    assert found.description.startswith("H200 of 141.0 GiB, ")


@pytest.mark.parametrize(
    ("text", "model"),
    [("model name\t: Xeon\nmodel name\t: Xeon\n", "Xeon"), ("BogoMIPS: 50\n", "aarch64")],
)
def test_the_processor_is_named_where_the_system_names_it(monkeypatch, tmp_path, text, model):
    file = tmp_path / "cpuinfo"
    file.write_text(text)
    monkeypatch.setattr(machine, "_CPU_INFO", file)
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "aarch64")
    assert machine.hardware().processor == model


def test_seconds_are_of_processor_cores_threads_device_and_type_alone():
    found = machine.hardware()
    device = machine.Accelerator(name="H200", memory_bytes=1, driver="1")
    same = {"platform": "x", "python": "4", "memory_bytes": 1}
    assert found.model_copy(update=same).speed == found.speed
    for change in (
        {"processor": "x"},
        {"cores": 99},
        {"threads": 99},
        {"accelerator": device},
        {"compute_dtype": "x"},
    ):
        assert found.model_copy(update=change).speed != found.speed
