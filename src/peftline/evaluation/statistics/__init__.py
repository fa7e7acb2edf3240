"""Intervals, tests and detectable differences of scores, by groups of test examples."""
