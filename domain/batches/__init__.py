"""Batch predictions: jobs that predict for all rows of a dataset, and give another one."""
