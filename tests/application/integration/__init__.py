"""What is told to neighbours, and heard from them."""
