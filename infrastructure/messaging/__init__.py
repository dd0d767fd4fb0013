"""Everything that speaks NATS: a server of its own, the connection, and what works on it."""
