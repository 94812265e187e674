"""Service topology: a leaf that knows no alerts and no incidents."""
