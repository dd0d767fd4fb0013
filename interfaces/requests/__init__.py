"""What requests have in common, whatever brings them: ids, JSON, fields, and what can be wrong with them."""
