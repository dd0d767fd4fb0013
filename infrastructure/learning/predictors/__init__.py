"""Answering, a module for each type of model; no module here needs what only training needs."""
