"""Whole journeys over the real thing: processes, HTTP, SQLite, LightGBM."""
