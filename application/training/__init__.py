"""Commands, queries, views and projection of training."""
