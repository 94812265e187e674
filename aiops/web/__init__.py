"""HTTP: what is sent to us, Slack's commands, the JSON API and the pages people read."""
