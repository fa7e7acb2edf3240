"""Every type of objective. Nothing else stands here: see `peftline.sources`."""

from typing import Any

from peftline.objectives.supervised import Supervised

TYPES: dict[Any, tuple] = {Supervised: ()}

Objective = Supervised
