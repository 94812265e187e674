"""Service levels of journeys: what is measured of them, and what is left of what is allowed."""
