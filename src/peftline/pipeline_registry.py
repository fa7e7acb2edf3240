"""All pipelines: one per recipe file, and the shared parts."""

from kedro.pipeline import Pipeline

from peftline import capabilities
from peftline.errors import PeftlineError
from peftline.paths import recipe_adapter, recipe_names
from peftline.pipelines import base, compare, data, finetune, predict


def register_pipelines() -> dict[str, Pipeline]:
    """A recipe's pipeline is data + base + its own namespace of the one fine-tuning flow."""
    data_flow, base_flow = data.create_pipeline(), base.create_pipeline()
    shared = data_flow + base_flow
    taken = sorted({"data", "base", "preflight", "predict", "compare", "all"} & set(recipe_names()))
    if taken:
        raise PeftlineError(f"{taken[0]}.yml: a pipeline has this name. Rename the recipe.")
    recipes = {
        name: shared + finetune.create_pipeline(name, capabilities.delivers(recipe_adapter(name)))
        for name in recipe_names()
    }
    return {
        **recipes,
        "data": data_flow,
        "base": shared,
        "preflight": data_flow + base.create_materialise() + finetune.create_preflight("preflight"),
        "predict": predict.create_pipeline(),
        "compare": compare.create_pipeline(),
        "all": Pipeline({node for recipe in recipes.values() for node in recipe.nodes}),
        "__default__": recipes.get("lora", shared),
    }
