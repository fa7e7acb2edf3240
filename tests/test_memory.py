import subprocess
import sys
import time
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy
import psutil
import pytest

from peftline.memory import PeakMemory, release

MEBIBYTE = 2**20
TOLD = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(),
    reason="only Linux tells what processes share and map",
)


def test_the_peak_is_that_of_the_block_and_not_what_is_left():
    with PeakMemory() as peak:
        before = psutil.Process().memory_info().rss
        block = numpy.ones(200 * MEBIBYTE, dtype=numpy.uint8)
        while peak.bytes < before + 150 * MEBIBYTE:  # until it was sampled
            block[0] = 1
        del block
    assert peak.bytes >= before + 150 * MEBIBYTE


def peak_beside(code):
    """Peak of this process and a child that runs `code`, which prints when it is ready."""
    with (
        PeakMemory(with_children=True) as peak,
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child,
    ):
        child.stdout.readline()
        time.sleep(0.2)  # several samples
        child.communicate(b"\n")
    return peak


def test_the_peak_may_include_that_of_child_processes():
    block = f"block = b'x' * {200 * MEBIBYTE}; print('ready', flush=True); input()"
    nothing = "print('ready', flush=True); input()"
    assert peak_beside(block).bytes >= peak_beside(nothing).bytes + 150 * MEBIBYTE


@TOLD
def test_memory_that_processes_share_counts_once():
    block = f"import os; block = b'x' * {200 * MEBIBYTE}"
    wait = "print('ready', flush=True); os.read(0, 1)"
    shared = f"{block}\nif os.fork() and os.fork(): {wait}\nelse: os.read(0, 1)"
    once = peak_beside(f"{block}\n{wait}")
    assert peak_beside(shared).bytes < once.bytes + 100 * MEBIBYTE


@pytest.fixture
def file_on_disk():
    """200 MiB; not in `tmp_path`, which may lie in memory."""
    with NamedTemporaryFile(dir=Path(__file__).parent, prefix=".block") as block:
        block.write(b"x" * 200 * MEBIBYTE)
        block.flush()
        yield block.name


@TOLD
def test_pages_of_mapped_files_are_told_apart(file_on_disk):
    opened = f"import mmap; file = open({file_on_disk!r}, 'rb')"
    mapped = f"{opened}; block = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)"
    read = f"{opened}; block = file.read()"
    look = "sum(block[at] for at in range(0, len(block), 4096)); print(flush=True); input()"
    found, other = (peak_beside(f"{code}; {look}") for code in (mapped, read))
    assert found.bytes > found.unmapped_bytes + 150 * MEBIBYTE
    assert other.unmapped_bytes > found.unmapped_bytes + 150 * MEBIBYTE


def test_freed_memory_goes_back_to_the_system():
    blocks = [numpy.ones(64 * 1024, dtype=numpy.uint8) for _ in range(4000)]
    last = numpy.ones(64 * 1024, dtype=numpy.uint8)  # keeps the heap from shrinking by itself
    del blocks
    held = psutil.Process().memory_info().rss
    release()
    assert held - psutil.Process().memory_info().rss > 150 * MEBIBYTE
    assert last.all()
