"""Tests of messaging with a real NATS server."""
