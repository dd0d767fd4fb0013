"""Tests of what keeps artifacts."""
