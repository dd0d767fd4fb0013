"""How the service is driven: HTTP, the command line, and the composition root that puts it together."""
