import subprocess
import sys
import time

import numpy
import psutil

from peftline.memory import PeakMemory, release

MEBIBYTE = 2**20


def test_the_peak_is_that_of_the_block_and_not_what_is_left():
    with PeakMemory() as peak:
        before = psutil.Process().memory_info().rss
        block = numpy.ones(200 * MEBIBYTE, dtype=numpy.uint8)
        while peak.bytes < before + 150 * MEBIBYTE:  # until it was sampled
            block[0] = 1
        del block
    assert peak.bytes >= before + 150 * MEBIBYTE


def test_the_peak_may_include_that_of_child_processes():
    code = f"block = b'x' * {200 * MEBIBYTE}; print('ready', flush=True); input()"
    peaks = {}
    for with_children in (False, True):
        with (
            PeakMemory(with_children=with_children) as peak,
            subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as child,
        ):
            child.stdout.readline()
            time.sleep(0.2)  # several samples
            child.communicate(b"\n")
        peaks[with_children] = peak.bytes
    assert peaks[True] >= peaks[False] + 150 * MEBIBYTE


def test_freed_memory_goes_back_to_the_system():
    blocks = [numpy.ones(64 * 1024, dtype=numpy.uint8) for _ in range(4000)]
    last = numpy.ones(64 * 1024, dtype=numpy.uint8)  # keeps the heap from shrinking by itself
    del blocks
    held = psutil.Process().memory_info().rss
    release()
    assert held - psutil.Process().memory_info().rss > 150 * MEBIBYTE
    assert last.all()
