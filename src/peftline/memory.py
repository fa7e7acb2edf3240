"""Memory of this process: its peak, and giving back what is no longer used."""

import ctypes
import gc
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    import torch

# Parameters of glibc's `mallopt` (malloc.h): free memory that is kept, and the size from which a
# block is asked from the system by itself.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


class PeakMemory:
    """Highest memory use of this process within a `with` block, in bytes.

    On a GPU what torch allocated there; on a CPU the resident set, sampled every 50 ms.
    `unmapped_bytes` leaves out pages of mapped files, which the system takes back when it needs
    them, where the system tells (Linux).
    """

    def __init__(self, with_children: bool = False) -> None:
        """Args:
        with_children: always the memory of the processes, this one and all its children.
        """
        self.bytes = self.unmapped_bytes = 0
        self._with_children = with_children
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        import torch

        self._on_gpu = torch.cuda.is_available() and not self._with_children
        if self._on_gpu:
            torch.cuda.reset_peak_memory_stats()
        else:
            self._look()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._on_gpu:
            import torch

            self.bytes = torch.cuda.max_memory_allocated()
        else:
            self._stop.set()
            self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            self._look()

    def _look(self) -> None:
        process = psutil.Process()
        if self._with_children:
            found = [_share(one) for one in (process, *process.children(recursive=True))]
        else:
            found = [_own(process)]
        whole, unmapped = (sum(column) for column in zip(*found, strict=True))
        self.bytes = max(self.bytes, whole)
        self.unmapped_bytes = max(self.unmapped_bytes, unmapped)


def _own(process: psutil.Process) -> tuple[int, int]:
    """Memory of one process, with and without what it shares and maps, bytes."""
    memory = process.memory_info()
    return memory.rss, memory.rss - getattr(memory, "shared", 0)


def _share(process: psutil.Process) -> tuple[int, int]:
    """Memory of one of several processes, with and without pages of mapped files, bytes.

    What n processes share counts as an nth in each, where the system tells (Linux): children that
    are forked share all their parent's memory, and counted whole each time 1 GB becomes 3.
    """
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    try:
        if not Path("/proc/self/smaps_rollup").exists():
            return _own(process)
        lines = rollup.read_text().splitlines()[1:]
    except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
        return 0, 0  # it has just ended
    size = {name: int(value.split()[0]) * 1024 for name, value in (x.split(":") for x in lines)}
    whole = size.get("Pss", 0)
    return whole, whole - size.get("Pss_File", 0)


def reuse_freed() -> None:
    """Let the C library (glibc) use large freed blocks again instead of giving each back at once.

    By itself it asks the system anew for every tensor of some megabytes, which is then filled with
    zeros page by page: 2.7 million page faults in 20 steps, 7 to 10 s of 85 s of processor time;
    0.65 million and 3.3 s so. The peak is some 5 % higher. `release` gives back what is left.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    # Older versions allow 32 MiB for the second; set alone, the first would make it 128 KiB.
    if option and any(option(_MMAP_THRESHOLD, size) for size in (2**30, 2**25)):
        option(_TRIM_THRESHOLD, 2**30)


def return_freed() -> None:
    """Let the C library (glibc) give large freed blocks back at once; undoes `reuse_freed`.

    While a model is quantised, each layer has a copy in float32 for a while. Kept blocks lie
    scattered between what stays: of a model with 1 billion parameters, 1.4 to 4.3 GB of private
    memory in five runs, for 0.6 GB that stay.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option:
        option(_MMAP_THRESHOLD, 2**20)
        option(_TRIM_THRESHOLD, 2**20)


def let_files_go(parameters: "Iterable[torch.nn.Parameter]") -> None:
    """Copy weights out of the mapped files that they lie in, in place; those on a GPU lie in none.

    A file stays mapped, with all its pages, while a single norm of it is in use: beside a base that
    was quantised, or merged, that is the whole base once more (2.1 GB of a model with 1 billion
    parameters).
    """
    for parameter in parameters:
        if parameter.device.type == "cpu":
            parameter.data = parameter.data.clone()


def release() -> None:
    """Give freed memory back to the system, where the C library can be asked to (glibc).

    glibc keeps freed blocks: after training the next step's model came on top of 5 GB that nobody
    used, and the peak of a run was 8.2 GB instead of that of its largest step.

    What is alive now, mostly code, is not looked at by the next calls, which took 0.7 s each: 12 s
    of a run. `gc.unfreeze()` undoes that.
    """
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
