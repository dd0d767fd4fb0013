"""Rules of models."""
