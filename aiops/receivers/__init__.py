"""Loopback servers that behave like the vendors': PagerDuty, Slack and Prometheus.

They check what the real ones check, answer as they answer and keep what they got. The demo
and the tests deliver to them; nothing leaves the machine.
"""
