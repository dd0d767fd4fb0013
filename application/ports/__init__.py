"""What the application needs of the world, one file per need."""
