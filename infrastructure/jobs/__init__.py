"""Jobs of any kind, each worked on by a process of its own."""
