"""Kedro's settings of this project."""

import logging
import os
import warnings

# Nothing is sent anywhere, and nothing is fetched unless a hub id is named.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
# Threads of torch that wait should soon sleep. Measured on two cores beside one other busy process:
# 3,000 small matrix products took 38 s with the default, 2.2 s so; alone there is no difference.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")
# oneDNN keeps a compiled product with its working memory for each shape it has met, by default
# 1,024 of them. Rows have many lengths: 150 steps kept 4 GB that way. A step has fewer than 64
# shapes and takes no longer so.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
os.environ.setdefault("LRU_CACHE_CAPACITY", "64")
# kedro-mlflow's import prints advice about code that is not ours. MLflow puts a filter of its own
# before all others, so it is kept out of the log instead.
logging.getLogger("py.warnings").addFilter(
    lambda record: "Add type hints to the `predict` method" not in record.getMessage()
)
# omegaconf 2.4 deprecates a function that kedro 1.7 and kedro-mlflow 2.0 call: ten warnings a run.
warnings.filterwarnings("ignore", message=r"(?s).*register_new_resolver\(\) is deprecated")

from peftline.hooks import ProjectHooks, RecipeMlflowHook  # noqa: E402
from peftline.paths import artifact_root, project_path  # noqa: E402
from peftline.run_guard import RunGuard  # noqa: E402
from peftline.session import PeftlineSession  # noqa: E402

# Its import sets this level, after conf/logging.yml has been read: four lines of no use a run.
logging.getLogger("kedro_mlflow").setLevel(logging.WARNING)
# kedro-mlflow registers itself under this name; our subclass takes its place.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow", "kedro-mlflow")
# Kedro calls the last one first: a place is taken before a run is tracked, and a result stands
# before it is recorded.
HOOKS = (RecipeMlflowHook(), ProjectHooks(), RunGuard())
SESSION_CLASS = PeftlineSession
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
    "custom_resolvers": {"project_path": project_path, "artifact_root": artifact_root},
}
