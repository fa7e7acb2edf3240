"""What this machine computes with."""

from pathlib import Path
from typing import Any

import psutil
import torch

# Of cgroups, version 2 and 1.
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def device() -> torch.device:
    """The accelerator if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def memory_bytes(on: torch.device | None = None) -> int:
    """What a device has, in use or not; of a CPU no more than a container may use.

    Args:
        on: by default that of this machine.
    """
    on = on or device()
    if on.type == "cuda":
        return torch.cuda.get_device_properties(on).total_memory
    limits = [psutil.virtual_memory().total]
    for file in _CONTAINER_LIMITS:
        text = file.read_text().strip() if file.exists() else ""
        limits += [int(text)] if text.isdigit() else []  # "max" is no limit
    return min(limits)


def free_memory_bytes() -> int:
    """What this machine's device has left for this process."""
    if device().type == "cuda":
        # What torch has freed and keeps is free for its next tensors.
        kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return torch.cuda.mem_get_info()[0] + kept
    return min(psutil.virtual_memory().available, memory_bytes())


def processors() -> int:
    """How many processors this process may use: in a container its quota, not those of the host."""
    import joblib  # here, so that training needs it as little as it needs Kedro

    return joblib.cpu_count()


def fit_threads() -> None:
    """Let torch compute with no more threads than there are processors for them.

    By itself it starts one for every processor of the host, also where a container's quota allows
    two: the others are paused in turn, and all wait for them at the end of every operation.
    """
    torch.set_num_threads(min(torch.get_num_threads(), processors()))


def fit_products() -> None:
    """Let oneDNN compute float32 products, where it does so in float32.

    torch leaves them to MKL, which on processors of AMD takes twice the time (100 x 576 by 576 x
    1536 on two Zen 5 cores: 0.96 and 0.42 ms). The switch for that allows oneDNN to round to
    bfloat16 on the way. Only processors with AMX do; a trial finds that out, and nothing is
    switched. A precision that somebody has chosen stays, and so does that of an accelerator.
    """
    if torch.cuda.is_available() or torch.get_float32_matmul_precision() != "highest":
        return
    left, right = (torch.linspace(0.1, 0.9, 64 * 64).view(64, 64) for _ in range(2))
    exact = (left.double() @ right.double()).float()
    torch.set_float32_matmul_precision("medium")
    if not torch.allclose(left @ right, exact, rtol=1e-5, atol=0):
        torch.set_float32_matmul_precision("highest")


def compute_dtype() -> torch.dtype:
    """bfloat16 where the hardware multiplies it natively, else float32.

    A CPU without AVX512-BF16 emulates bfloat16 several times slower than it computes float32.
    float16 is never chosen: trainables would need loss scaling.
    """
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    # A private function of torch; without it (other builds), float32 is the safe answer.
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return torch.bfloat16 if supported() else torch.float32


def scoring_dtype(wanted: str = "auto", delivered: bool = True) -> torch.dtype:
    """What answers are computed in, and what a merged model is delivered in.

    By default the native type, except for what is delivered from a CPU: there float32 lets a plain
    `generate`, prompt by prompt, repeat the answers of a batch (90 of 90; in bfloat16 90 of 100, by
    near ties), for about twice their time. float32 does not fit large models on an accelerator.

    Args:
        wanted: `auto`, `float32` or `bfloat16`.
        delivered: whether others must be able to repeat the answers: those of an adapter on the
            unquantised base, not those of the base alone or of a quantised base.
    """
    if wanted != "auto":
        return getattr(torch, wanted)
    return torch.float32 if delivered and not torch.cuda.is_available() else compute_dtype()


def autocast(model: Any) -> torch.autocast:
    """Adapters are float32; beside a 16-bit base they multiply in the base's type."""
    dtype = getattr(model.config, "dtype", None) or model.dtype
    device = next(model.parameters()).device.type
    return torch.autocast(device, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)
