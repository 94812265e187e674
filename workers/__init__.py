"""Composition root: Celery, the command line, and the wiring of the parts."""
