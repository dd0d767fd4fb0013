"""Inference: what an instance must look like, and what a prediction is."""
