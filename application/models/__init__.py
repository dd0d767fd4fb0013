"""Commands, queries, views and projection of models."""
