"""What logs and traces add to an incident: templates that are new or multiplied, trace examples."""
