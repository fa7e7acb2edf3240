"""From a row as received to a canonical example."""

from peftline.formats import alpaca
from peftline.formats.example import Example

__all__ = ["FORMATS", "Example"]

FORMATS = {"alpaca": alpaca}
