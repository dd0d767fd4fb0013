"""Tests of the path of predictions that all transports share."""
