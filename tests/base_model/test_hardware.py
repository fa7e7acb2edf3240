import joblib
import psutil
import pytest
import torch

from peftline.base_model import hardware


@pytest.fixture
def native(monkeypatch):
    """A machine that multiplies bfloat16; called with True, it has an accelerator."""

    def make(accelerator):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: accelerator)
        monkeypatch.setattr(hardware, "compute_dtype", lambda: torch.bfloat16)

    return make


@pytest.mark.parametrize(
    ("accelerator", "wanted", "expected"),
    [
        (False, "auto", torch.float32),  # batches must not decide near ties
        (True, "auto", torch.bfloat16),
        (False, "bfloat16", torch.bfloat16),
        (True, "float32", torch.float32),
    ],
)
def test_what_answers_are_computed_in(native, accelerator, wanted, expected):
    native(accelerator)
    assert hardware.scoring_dtype(wanted) == expected


def test_what_need_not_be_repeated_is_computed_natively(native):
    native(False)
    assert hardware.scoring_dtype(delivered=False) == hardware.compute_dtype()
    assert hardware.scoring_dtype("float32", delivered=False) == torch.float32


@pytest.mark.parametrize(("allowed", "threads"), [(1, 1), (64, 2)])
def test_threads_are_no_more_than_the_processors_that_may_be_used(monkeypatch, allowed, threads):
    before = torch.get_num_threads()
    monkeypatch.setattr(joblib, "cpu_count", lambda: allowed)
    try:
        torch.set_num_threads(2)
        hardware.fit_threads()
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def products(monkeypatch):
    """The precision of float32 products as torch has it; put back afterwards."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(before)


def test_float32_products_lose_nothing_wherever_they_are_computed(products):
    hardware.fit_products()
    torch.manual_seed(0)
    for rows, inner, columns in ((1, 576, 576), (100, 576, 1536), (700, 64, 700)):
        left, right = torch.randn(rows, inner), torch.randn(inner, columns)
        exact = left.double() @ right.double()
        assert ((left @ right) - exact).abs().max() < 1e-5 * exact.abs().max()


def test_where_products_would_be_rounded_nothing_is_switched(products, monkeypatch):
    monkeypatch.setattr(torch, "allclose", lambda *_, **__: False)
    hardware.fit_products()
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_precision_that_was_chosen_elsewhere_stays(products):
    torch.set_float32_matmul_precision("high")
    hardware.fit_products()
    assert torch.get_float32_matmul_precision() == "high"


def test_an_accelerator_keeps_its_precision(products, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    hardware.fit_products()
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_container_may_use_less_than_the_machine_has(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(hardware, "_CONTAINER_LIMITS", (limit, tmp_path / "absent"))
    cpu = torch.device("cpu")
    whole = hardware.memory_bytes(cpu)
    limit.write_text("max\n")
    assert hardware.memory_bytes(cpu) == whole == psutil.virtual_memory().total
    limit.write_text("1000\n")
    assert hardware.memory_bytes(cpu) == 1000
    if not torch.cuda.is_available():
        assert hardware.free_memory_bytes() <= 1000
