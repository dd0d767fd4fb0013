"""Tests of what requests have in common, whatever brings them."""
