"""Batch predictions: asked for, worked on, shown."""
