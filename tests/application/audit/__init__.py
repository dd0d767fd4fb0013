"""Questions to the log itself."""
