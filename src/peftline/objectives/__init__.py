"""The objective axis: the data it needs, the trainer, the loss."""
