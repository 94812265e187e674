"""Steps of the `history` database."""
