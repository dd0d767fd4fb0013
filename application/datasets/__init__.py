"""Commands, queries, views and projection of datasets."""
