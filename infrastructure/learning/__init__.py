"""Training and predicting with LightGBM."""
