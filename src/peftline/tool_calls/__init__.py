"""A data set of tool calls: made from a seed, with its scoring and a baseline of rules."""

from .generate import LABELS, generate
from .prompt import REFUSAL
from .scoring import Answer, Call, parse, score

__all__ = ["LABELS", "REFUSAL", "Answer", "Call", "generate", "parse", "score"]
