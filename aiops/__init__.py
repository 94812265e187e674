"""The incident-correlation pipeline: domain, pure stages, adapters."""
