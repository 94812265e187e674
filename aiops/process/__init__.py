"""Flows of case events: how good a log is, and what it shows."""
