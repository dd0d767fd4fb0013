"""What predictions over HTTP take, against a hello-world, the bare engine and other servers."""
