"""Jobs: what waits for a worker, is held by one attempt at a time, and ends once."""
