"""Predictions from a request's body to its answer, the same whatever brings the request."""
