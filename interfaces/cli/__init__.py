"""The command line: thin clients of a running service, which know nothing but its HTTP contract."""
