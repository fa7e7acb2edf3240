"""What leaves the project: adapters and merged models that open elsewhere."""
