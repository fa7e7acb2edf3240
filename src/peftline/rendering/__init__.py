"""From an example to text, tokens and labels."""
