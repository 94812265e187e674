"""Measurements: what the product finds, and what a machine can carry."""
