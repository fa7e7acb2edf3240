"""A Kedro session that checks parameters before anything runs, and tells killed from failed."""

import contextlib
import gc
import os
from typing import Any

from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.io import DatasetError

from peftline import paths, schema
from peftline.errors import PeftlineError
from peftline.parameters import check_parameters
from peftline.paths import recipe_names
from peftline.run_guard import RunGuard
from peftline.signals import terminate_as_exit


class PeftlineSession(KedroSession):
    """Used by `kedro run` and by everything else that opens a session of this project.

    A run works in the folder of the project, wherever it was started: relative paths mean the same
    on the command line, in a file, in a sweep and from Python.
    """

    def __init__(self, *arguments: Any, conf_source: str | None = None, **named: Any) -> None:
        """As Kedro's."""
        if conf_source and os.path.exists(conf_source):  # else it is a URL, or Kedro refuses it
            conf_source = os.path.abspath(conf_source)
        super().__init__(*arguments, conf_source=conf_source, **named)

    def run(
        self,
        pipeline_name: str | None = None,
        pipeline_names: list[str] | None = None,
        **arguments: Any,
    ) -> dict[str, Any]:
        """Run pipelines after all parameters have been checked.

        Raises:
            PeftlineError: a parameter is unknown or wrong; all problems are named together.
        """
        names = [pipeline_name] if pipeline_name else list(pipeline_names or ["__default__"])
        schema.raise_all(paths.misplaced(self._given, self._project_path))
        with contextlib.chdir(self._project_path):
            self._check(names)
            return self._run(names, arguments)

    @property
    def _given(self) -> dict[str, Any]:
        """Runtime parameters alone."""
        return self.store.get("runtime_params") or {}

    def _run(self, names: list[str], arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            with terminate_as_exit():
                return super().run(pipeline_names=names, **arguments)
        except DatasetError as error:
            # Kedro wraps what a dataset raises, on loading twice; our own messages say more.
            cause = error.__cause__
            while isinstance(cause, DatasetError):
                cause = cause.__cause__
            if isinstance(cause, PeftlineError):
                raise cause from None
            raise
        except BaseException as error:
            import mlflow

            # Kedro's hooks see neither an interrupt nor an error of another hook; without this
            # the run would end as FINISHED.
            mlflow.end_run("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        finally:
            gc.unfreeze()  # what `memory.release` did; a notebook goes on
            for hook in self._hook_manager.get_plugins():
                if isinstance(hook, RunGuard):
                    hook.close()

    def _check(self, names: list[str]) -> None:
        recipes = [name for name in names if name in recipe_names()]
        if "all" in names:
            raise PeftlineError(
                "all: this pipeline is there to be looked at (kedro viz run). To run every recipe: "
                "kedro sweep --recipes=all"
            )
        if len(recipes) > 1:
            raise PeftlineError(
                f"{', '.join(recipes)}: one run of MLflow holds one recipe. Start a command for "
                "each: kedro run --pipelines=" + recipes[0]
            )
        pipelines.set_requested(list(names))  # as Kedro will, which otherwise makes them anew
        chosen = {name: pipelines[name] for name in names if name in pipelines}
        parameters = self._get_config_loader()["parameters"]
        check_parameters(chosen, parameters, self._given, pipelines)
