"""Tests of jobs of every kind."""
