"""The machine that a run was made on: what its seconds, bytes and speeds belong to."""

import platform
import shutil
import subprocess
from pathlib import Path

import psutil

from peftline import units
from peftline.config import Config

_CPU_INFO = Path("/proc/cpuinfo")
_DRIVER = "nvidia-smi --query-gpu=driver_version --format=csv,noheader".split()


class Accelerator(Config):
    """A device beside the processor; the first one, which is the one that computes."""

    name: str
    memory_bytes: int
    driver: str | None
    """Null where the driver does not tell."""


class Hardware(Config):
    """A machine as a process of it saw it."""

    processor: str
    cores: int
    """Logical ones that the process might use: by its affinity, and a container's quota."""
    threads: int
    """That torch computed with."""
    memory_bytes: int
    """Of the machine."""
    accelerator: Accelerator | None
    platform: str
    python: str
    compute_dtype: str
    """What training computed in."""

    @property
    def speed(self) -> tuple[str | int, ...]:
        """What seconds and bytes depend on: they can be compared where all of this is equal.

        Another kernel, Python or driver, or memory that nobody used, makes no other machine.
        """
        device = self.accelerator.name if self.accelerator else ""
        return self.processor, self.cores, self.threads, device, self.compute_dtype

    @property
    def description(self) -> str:
        """In words: `Intel(R) Xeon(R) Processor, 2 cores, 1 thread, float32`."""
        threads = f"{self.threads} thread{'' if self.threads == 1 else 's'}"
        cores = f"{self.cores} core{'' if self.cores == 1 else 's'}"
        device = self.accelerator
        beside = [f"{device.name} of {units.size(device.memory_bytes)}"] if device else []
        return ", ".join([*beside, self.processor, cores, threads, self.compute_dtype])


def hardware() -> Hardware:
    """This machine, now."""
    import torch

    from peftline.base_model import hardware as computing

    return Hardware(
        processor=_processor(),
        cores=computing.processors(),
        threads=torch.get_num_threads(),
        memory_bytes=psutil.virtual_memory().total,
        accelerator=_accelerator(),
        platform=platform.platform(),
        python=platform.python_version(),
        compute_dtype=str(computing.compute_dtype()).removeprefix("torch."),
    )


def _processor() -> str:
    """Its model, which Python tells on few systems."""
    lines = _CPU_INFO.read_text(encoding="utf-8").splitlines() if _CPU_INFO.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _accelerator() -> Accelerator | None:
    import torch

    if not torch.cuda.is_available():
        return None
    device = torch.cuda.get_device_properties(0)
    return Accelerator(name=device.name, memory_bytes=device.total_memory, driver=_driver())


def _driver() -> str | None:
    if shutil.which(_DRIVER[0]) is None:
        return None
    done = subprocess.run(_DRIVER, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.splitlines()[0].strip() if done.stdout.strip() else None
