"""Jobs: who works on them, and who watches over the workers."""
