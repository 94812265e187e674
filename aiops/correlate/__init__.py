"""Symptoms and changes in, candidates out: what belongs together, and what explains it."""
