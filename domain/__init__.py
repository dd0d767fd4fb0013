"""What is true of models, datasets, training and inference: values, events, decisions. No clock, no I/O."""
