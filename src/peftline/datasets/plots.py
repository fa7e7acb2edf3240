"""Pictures of matplotlib."""

import base64
import io
from typing import NewType

from matplotlib.figure import Figure

from peftline import store
from peftline.datasets.text import FileDataset

ImagePreview = NewType("ImagePreview", str)


class FigureDataset(FileDataset):
    """A figure as PNG. kedro-datasets' own writes in place, and not into the folder of a run."""

    def load(self) -> bytes:
        """Read the picture."""
        return self._filepath.read_bytes()

    def save(self, data: Figure) -> None:
        """Draw the figure."""
        picture = io.BytesIO()
        data.savefig(picture, format="png")
        store.write_bytes(self._written, picture.getvalue())

    def preview(self) -> ImagePreview:
        """The picture in base 64."""
        return ImagePreview(base64.b64encode(self.load()).decode())
