"""A Kedro session that checks parameters before anything runs, and tells killed from failed."""

import gc
from typing import Any

from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.io import DatasetError

from peftline.errors import PeftlineError
from peftline.parameters import check_parameters
from peftline.paths import recipe_names
from peftline.run_guard import RunGuard
from peftline.signals import terminate_as_exit


class PeftlineSession(KedroSession):
    """Used by `kedro run` and by everything else that opens a session of this project."""

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
        self._check(names)
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
                "each: kedro run --pipeline=" + recipes[0]
            )
        pipelines.set_requested(list(names))  # as Kedro will, which otherwise makes them anew
        chosen = {name: pipelines[name] for name in names if name in pipelines}
        given = self.store.get("runtime_params") or {}
        check_parameters(chosen, self._get_config_loader()["parameters"], given)
