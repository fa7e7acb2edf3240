"""What MLflow gets to know of a run."""

from peftline.tracking.data import DataLog
from peftline.tracking.parameters import changed, plain_parameters
from peftline.tracking.record import record
from peftline.tracking.tags import tag_from_environment

__all__ = ["DataLog", "changed", "plain_parameters", "record", "tag_from_environment"]
