"""The tests; their directories mirror the code."""
