"""Sinks: each turns an incident into one vendor's payload (pure), and sends it (one small step)."""
