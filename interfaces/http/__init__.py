"""The service over HTTP: requests become commands and questions, their outcomes become responses."""
