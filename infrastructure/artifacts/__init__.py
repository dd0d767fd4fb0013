"""Bytes addressed by their hash."""
