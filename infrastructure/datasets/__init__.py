"""Tables in files: CSV and Parquet, read in bounded memory by one set of rules."""
