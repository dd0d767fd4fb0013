"""Models that were trained elsewhere: LightGBM's text, taken for what it is only after a look at all of it."""
