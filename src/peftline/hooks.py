"""What happens around a run: tracking, and what it says at its end."""

import logging
import warnings
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

from peftline import memory, tracking
from peftline.preflight import note
from peftline.tracking.database import opened_alone

logger = logging.getLogger(__name__)


class RecipeMlflowHook(MlflowHook):
    """kedro-mlflow's hook, with parameters named alike in every recipe.

    `qlora.training.epochs` is logged as `training.epochs`, so that MLflow's comparison has one
    column for all recipes; typed configurations are logged field by field.
    """

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Set MLflow up; the first one to do so makes its database."""
        patterns = ["mlflow*", "mlflow*/**", "**/mlflow*"]  # kedro-mlflow's, which it sets later
        context.config_loader.config_patterns.setdefault("mlflow", patterns)
        server = context.config_loader["mlflow"].get("server") or {}
        with opened_alone(server.get("mlflow_tracking_uri") or ""):
            super().after_context_created(context=context)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Start a run, or none for pipelines that are not tracked."""
        self.run_id = None  # hooks outlive sessions; the last session's run is not this one's
        self._logged: dict[str, Any] = {}
        super().before_pipeline_run(run_params=run_params, pipeline=pipeline, catalog=catalog)
        tracking.tag_from_environment()

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: DataCatalog, inputs: dict[str, Any], is_async: bool
    ) -> None:
        """Log the parameters that no node before this one had: each takes 12 ms."""
        named = tracking.plain_parameters(node.namespace or "", inputs)
        new = tracking.changed(named, self._logged)
        self._logged |= new
        super().before_node_run(node=node, catalog=catalog, inputs=new, is_async=is_async)


class ProjectHooks:
    """Records of this project."""

    @hook_impl
    def after_context_created(self) -> None:
        """Keep warnings of libraries about each other out of the log."""
        warnings.filterwarnings(
            "ignore", module=r"(mlflow|kedro|omegaconf|torch|transformers|peft)\..*"
        )

    @hook_impl
    def before_node_run(self) -> None:
        """Let a node start without the memory of the one before."""
        memory.release()

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Record every recipe of the run, and say where the results lie."""
        if "comparison_page" in pipeline.outputs():
            for sentence in catalog.load("comparison")["verdict"]:
                logger.info("%s", sentence)
            logger.info("Comparison: %s", _file(catalog, "comparison_page"))
        if "side_by_side_page" in pipeline.outputs():
            logger.info("Answers: %s", _file(catalog, "side_by_side_page"))
        for name in sorted(pipeline.outputs()):
            if name.endswith(".preflight"):  # of a run that trains it is no output: the gate has it
                logger.info("%s", note.closing(catalog.load(name)))
                logger.info("Page: %s", _file(catalog, f"{name}_page"))
        for recipe in sorted({n.namespace for n in pipeline.nodes if n.name.endswith("summarise")}):
            artifacts = {
                name: str(_file(catalog, f"{recipe}.{name}"))
                for name in ("adapter", "merged", "summary", "predictions", "learning_curve")
            }
            summary = catalog.load(f"{recipe}.summary")
            tracking.record(summary, artifacts, catalog.load("base_model"))
            for name, title in (("adapter", "Adapter"), ("merged", "Model")):
                if f"{recipe}.{name}" in pipeline.all_outputs():
                    logger.info("%s: %s", title, artifacts[name])
            logger.info("Result: %s", artifacts["summary"])
            logger.info("%s", summary["verdict"])
            for found in summary["health"]:
                logger.warning("%(name)s: %(evidence)s %(advice)s", found)


def _file(catalog: DataCatalog, name: str) -> Path:
    return Path(catalog[name]._describe()["filepath"])
