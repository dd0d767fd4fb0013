"""What happens to the service, its database and its disk, and to what it acknowledged."""
