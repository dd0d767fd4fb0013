"""What happens: commands, queries, projections and processes, told in the words of the domain."""
