"""Peftline: every parameter-efficient fine-tuning method as one recipe."""

__version__ = "0.1.0"
