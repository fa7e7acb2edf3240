"""Answers of models on the test split, their scores and intervals."""
