"""A sweep whose runs are functions: what is tried and chosen, without training."""

import pytest

from peftline.sweep import inputs as starts
from peftline.sweep.point import Result
from peftline.sweep.record import Record
from peftline.sweep.state import Sweep


@pytest.fixture
def inputs(loud_base, sum_tokens, tmp_path):
    return starts.Inputs(
        project=tmp_path / "project",
        environment=None,
        params={},
        recipes={
            "lora": {"adapter": {"type": "lora"}, "training": {"max_steps": 40}},
            "ia3": {"adapter": {"type": "ia3"}, "training": {"learning_rate": 0.02}},
            "houlsby": {"adapter": {"type": "bottleneck", "placement": "houlsby"}},
            "fusion": {"adapter": {"type": "adapter_fusion", "adapters": ["houlsby", "lora"]}},
        },
        base=loud_base,
        tokenised=sum_tokens,
        test_group_sizes=[1] * 6,
        evaluation={},
        tuning_share=0.25,
        selection="validation_loss",
    )


@pytest.fixture
def record(tmp_path):
    return Record(tmp_path / "sweep", Sweep(name="test"))


class Fake:
    """Gives each point the score that a function has for it; None is a failure."""

    def __init__(self, score):
        self.score, self.points, self.stopped = score, [], False

    def complete(self, point):
        self.points.append(point)
        score = self.score(point)
        status = "failed" if score is None else "finished"
        facts = {"hash": str(len(self.points)), "folder": "x", "status": status, "score": score}
        return Result(**point.model_dump() | facts)

    def key(self, point):
        return "none"

    def stop(self):
        self.stopped = True


@pytest.fixture
def fake():
    return Fake
