"""A run on its way to the supervisor, and the evidence that travels with it."""
