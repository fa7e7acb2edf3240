from peftline.pipelines.finetune.pipeline import create_pipeline, create_preflight

__all__ = ["create_pipeline", "create_preflight"]
