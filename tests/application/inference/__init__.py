"""Tests of what serves predictions."""
