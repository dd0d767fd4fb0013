"""Tests of where datasets and models may be copied from."""
