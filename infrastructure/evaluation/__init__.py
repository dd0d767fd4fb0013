"""From rows that a model has not seen to the report on it."""
