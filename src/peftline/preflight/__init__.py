"""What the model will really see, before anything is trained."""
