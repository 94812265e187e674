"""Reports: what the product did, compared and counted. Pure."""
