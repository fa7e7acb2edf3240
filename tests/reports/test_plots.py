import pytest

from peftline.reports.plots import learning_curve


def lines(figure):
    return {
        line.get_label(): list(zip(*line.get_data(), strict=True))
        for line in figure.axes[0].get_lines()
        if not line.get_label().startswith("_")
    }


def test_the_curve_shows_both_losses_over_steps():
    records = [
        {"step": 0, "validation_loss": 2.0},
        {"step": 1, "train_loss": 1.9, "learning_rate": 1e-4},
        {"step": 2, "train_loss": 1.5},
        {"step": 2, "validation_loss": 1.6},
    ]
    figure = learning_curve({"records": records, "validation_loss": 1.6}, "lora")
    assert lines(figure) == {
        "training loss": [(1, 1.9), (2, 1.5)],
        "validation loss": [(0, 2.0), (2, 1.6)],
    }
    axes = figure.axes[0]
    assert axes.get_title() == "lora"
    assert axes.get_xlabel() == "optimizer step"
    assert axes.get_ylabel() == "loss per supervised token"
    assert axes.get_ylim()[0] == 0


@pytest.mark.parametrize("records", [[], [{"step": 1, "train_loss": 1.0}]])
def test_a_run_without_validation_can_be_drawn(records, tmp_path):
    figure = learning_curve({"records": records, "validation_loss": None}, "lora")
    figure.savefig(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000


def test_the_curve_of_a_real_run_ends_with_its_last_loss(trained_lora):
    history = trained_lora.history
    drawn = lines(learning_curve(history, "lora"))
    assert drawn["training loss"][-1] == (6, history["train_loss"])
    assert len(drawn["training loss"]) == 6
    assert drawn["validation loss"][-1] == (6, history["validation_loss"])
