"""Kedro datasets: each writes whole or not at all."""
