"""Runbooks shipped with the product: data, not code."""
