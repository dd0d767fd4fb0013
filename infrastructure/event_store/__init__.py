"""The event store: mapping of events to rows, the SQLite recorder, its subscriptions and its hash chain."""
