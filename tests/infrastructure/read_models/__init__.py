"""The read models in SQL and the thread that keeps them."""
