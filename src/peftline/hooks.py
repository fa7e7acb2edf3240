"""What happens around a run: tracking, and refusing to overwrite another result."""

import logging
import warnings
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

from peftline import identity, tracking
from peftline.handles import BaseModelFolder, Splits

logger = logging.getLogger(__name__)


class RecipeMlflowHook(MlflowHook):
    """kedro-mlflow's hook, with parameters named alike in every recipe.

    `qlora.training.epochs` is logged as `training.epochs`, so that MLflow's comparison has one
    column for all recipes; typed configurations are logged field by field.
    """

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Start a run, or none for pipelines that are not tracked."""
        self.run_id = None  # hooks outlive sessions; the last session's run is not this one's
        super().before_pipeline_run(run_params=run_params, pipeline=pipeline, catalog=catalog)

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: DataCatalog, inputs: dict[str, Any], is_async: bool
    ) -> None:
        """Log the parameters of a node."""
        named = tracking.plain_parameters(node.namespace or "", inputs)
        super().before_node_run(node=node, catalog=catalog, inputs=named, is_async=is_async)


class ProjectHooks:
    """Guards and records of this project."""

    @hook_impl
    def after_context_created(self) -> None:
        """Keep warnings of libraries about each other out of the log."""
        warnings.filterwarnings("ignore", module=r"(mlflow|kedro|omegaconf|torch|transformers|peft)\..*")

    @hook_impl
    def before_node_run(self, node: Node, catalog: DataCatalog, inputs: dict[str, Any]) -> None:
        """Refuse, before anything expensive, to replace a result about other data."""
        if node.name != f"{node.namespace}.tokenise":
            return
        name = f"{node.namespace}.summary"
        splits = next(value for value in inputs.values() if isinstance(value, Splits))
        base = next(value for value in inputs.values() if isinstance(value, BaseModelFolder))
        if catalog.exists(name):
            where = catalog[name]._describe()["filepath"]
            identity.refuse_overwrite(catalog.load(name), splits, base, where)

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Record every recipe of the run, and say where the results lie."""
        for recipe in sorted({n.namespace for n in pipeline.nodes if n.name.endswith("summarise")}):
            artifacts = {
                name: catalog[f"{recipe}.{name}"]._describe()["filepath"]
                for name in ("adapter", "merged", "summary", "predictions", "learning_curve")
            }
            summary = catalog.load(f"{recipe}.summary")
            tracking.record(summary, artifacts, catalog.load("base_model"))
            logger.info("Adapter: %s", artifacts["adapter"])
            logger.info("Merged model: %s", artifacts["merged"])
            logger.info("Result: %s", artifacts["summary"])
            logger.info("%s", summary["verdict"])
