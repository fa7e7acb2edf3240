"""Tags that a run takes over from the process that started it, such as a sweep."""

import json
import os

_VARIABLE = "PEFTLINE_RUN_TAGS"


def tags_for_environment(tags: dict[str, str]) -> dict[str, str]:
    """The variable that hands tags to a run's process."""
    return {_VARIABLE: json.dumps(tags)}


def tag_from_environment() -> None:
    """Set these tags on the active run, if there is one."""
    import mlflow

    tags = json.loads(os.environ.get(_VARIABLE, "{}"))
    if tags and mlflow.active_run():
        mlflow.set_tags(tags)
