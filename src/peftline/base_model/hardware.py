"""What this machine computes with."""

import torch


def device() -> torch.device:
    """The accelerator if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


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


def scoring_dtype(wanted: str = "auto") -> torch.dtype:
    """What answers are computed in, and what a merged model is delivered in.

    By default float32 on a CPU: there a plain `generate`, prompt by prompt, repeats the answers
    of a batch (90 of 90; in bfloat16 90 of 100, by near ties), for 1.8 times their time. The
    native type on an accelerator, where float32 does not fit large models.

    Args:
        wanted: `auto`, `float32` or `bfloat16`.
    """
    if wanted != "auto":
        return getattr(torch, wanted)
    return compute_dtype() if torch.cuda.is_available() else torch.float32
