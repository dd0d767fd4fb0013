"""Commands, queries, views and projection of inference."""
