"""What the service costs, as ratios against a reference measured in the same run: `make bench`."""
