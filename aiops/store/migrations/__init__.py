"""Steps from one release's tables to the next, by alembic; run by `aiops.store.migrate`."""
