"""What to do next: the runbook that fits, and the steps it and the evidence suggest."""
