"""Records, history and queries as rows, on SQLite and on PostgreSQL."""
