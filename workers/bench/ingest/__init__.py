"""`aiops bench ingest`: what is taken in a second; `measure` says what is measured, and by what."""
