"""Labels of tokens: what a model is to learn, and where it is to learn nothing."""

IGNORED = -100
"""Carries no loss (the convention of torch.nn.CrossEntropyLoss)."""
