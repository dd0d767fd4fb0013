"""Processes and what they share of the machine."""
