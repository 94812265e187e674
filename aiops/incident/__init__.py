"""The incident: how it is put together, told, and how it lives and ends."""
