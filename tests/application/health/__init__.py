"""Tests of how the service fares."""
