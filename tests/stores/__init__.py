"""Tests of what only single kinds of object stores do; `make stores` installs what they need, and runs them."""
