"""What a user may ask of a training, type by type: names, aliases, defaults and ranges."""
