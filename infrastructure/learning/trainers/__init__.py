"""Learning, a module for each type of model; only training processes come here."""
