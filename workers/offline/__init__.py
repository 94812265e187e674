"""The commands that work on recordings: no process stays, nothing is sent."""
