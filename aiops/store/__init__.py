"""What must not be lost: tables, migrations and repositories on SQLite and PostgreSQL."""
