"""Trees that grow on a Dask cluster, from rows that no process holds all of."""
