"""Where signals come from: one file per source, a pure parse and, where it pulls, a poller."""
