"""Tests of models that were trained elsewhere."""
