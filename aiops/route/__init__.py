"""Who is told, how loudly and when; every decision with its reason."""
