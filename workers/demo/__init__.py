"""The demo: the simulated shop in front of the real product, with receivers on loopback."""
