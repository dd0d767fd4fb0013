"""Commands, queries, views and projection of audit."""
