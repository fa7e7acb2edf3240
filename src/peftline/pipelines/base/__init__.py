from peftline.pipelines.base.pipeline import create_materialise, create_pipeline

__all__ = ["create_materialise", "create_pipeline"]
