import base64

from matplotlib.figure import Figure

from peftline.datasets.plots import FigureDataset


def test_a_figure_is_saved_as_a_picture(tmp_path):
    dataset = FigureDataset(str(tmp_path / "deep" / "curve.png"))
    assert not dataset.exists()
    figure = Figure()
    figure.add_subplot().plot([1, 2])
    dataset.save(figure)
    assert dataset.exists() and dataset.load().startswith(b"\x89PNG")
    assert base64.b64decode(dataset.preview()) == dataset.load()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["curve.png"]
