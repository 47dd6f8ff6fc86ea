"""Training: recipes, procedural worlds, losses, the loop, checkpoints, and what the result is worth."""
