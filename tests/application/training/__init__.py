"""What commands, queries, projections and processes do."""
