"""Kedro's side: the flow, and thin nodes over the library."""
