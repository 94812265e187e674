"""Signals → symptoms: fit rarely, score always; only `engine` is called from outside."""
