"""Whom a problem reaches, and what it costs."""
