"""Batch predictions, each made by a process of its own."""
