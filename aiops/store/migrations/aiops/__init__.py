"""Steps of the `aiops` database."""
