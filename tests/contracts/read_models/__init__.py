"""What every implementation of the read models answers."""
