"""Tests of training and predicting with LightGBM."""
