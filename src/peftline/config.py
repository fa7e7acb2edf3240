"""The base of every typed configuration."""

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Frozen, and refuses keys that nobody reads: a typo must not train with defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
