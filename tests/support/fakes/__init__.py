"""In-memory twins of the ports, each under the name of its port."""
