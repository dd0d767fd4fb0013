"""Tests of the processes that work on jobs."""
