"""What the service answers and tells over NATS."""
