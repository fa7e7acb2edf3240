"""Kedro's configuration, in which a setting has one place: the parameters."""

from functools import reduce
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from kedro.utils import find_kedro_project
from omegaconf import OmegaConf

from peftline.paths import artifact_root, project_folder

_CHOSEN = "preflight"


class ProjectConfigLoader(OmegaConfigLoader):
    """Reads configuration so that folders are named by what nodes get.

    In the files of the catalog `${parameter:NAME}` is the parameter of this dotted name, wherever
    it was set: in `globals.yml`, in a file of parameters of any environment, or with `--params`.
    `${project_path:PATH}` is a path of the project that the configuration belongs to, whatever the
    working directory; the parameter `store_root` is one too.
    """

    def __getitem__(self, key: str) -> dict[str, Any]:
        """One kind of configuration, such as `parameters` or `catalog`."""
        # As Kedro does with its own: resolvers belong to the process, and these to this loader.
        OmegaConf.register_new_resolver("project_path", self._path, replace=True)
        OmegaConf.register_new_resolver("artifact_root", artifact_root, replace=True)
        if key == "catalog":
            known = self["parameters"]
            OmegaConf.register_new_resolver(
                "parameter", lambda name: _select(known, name), replace=True
            )
        found = super().__getitem__(key)
        if key != "parameters":
            return found
        root = {"store_root": self._path(found["store_root"])} if "store_root" in found else {}
        return found | root | {_CHOSEN: _chosen(found)}

    def _path(self, relative: str) -> str:
        project = find_kedro_project(Path(self.conf_source).absolute()) or project_folder()
        return str(project / relative)


def _select(values: Any, name: str) -> Any:
    """The value of a dotted name; None if there is none."""
    parts = name.split(".")
    return reduce(lambda at, part: at.get(part) if isinstance(at, dict) else None, parts, values)


def _chosen(parameters: dict[str, Any]) -> Any:
    """The recipe that `preflight_recipe` names, with what is to be tried on it.

    Kedro resolves each environment by itself: an interpolation in `base` would see neither the
    choice nor the recipe of another environment. None if there is no such recipe.
    """
    recipe = _select(parameters, str(parameters.get("preflight_recipe")))
    tried = parameters.get(_CHOSEN)
    if not isinstance(recipe, dict) or not isinstance(tried, dict):
        return recipe
    return OmegaConf.to_container(OmegaConf.merge(recipe, tried))
