"""What MLflow gets to know of a run."""

from peftline.tracking.parameters import plain_parameters
from peftline.tracking.record import record

__all__ = ["plain_parameters", "record"]
