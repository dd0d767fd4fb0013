"""Rules of inference."""
