"""Copies of everything that a service cannot make again: its log and its artifacts."""
