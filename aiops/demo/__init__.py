"""The simulated shop: seasonal traffic, faults, deploys, flags and money, all from a seed."""
