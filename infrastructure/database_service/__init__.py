"""The Database Service by messages: our side of it, and a server that stands in where there is none."""
