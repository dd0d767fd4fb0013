"""Datasets: immutable tables with a schema."""
