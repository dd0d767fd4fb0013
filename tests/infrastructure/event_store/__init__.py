"""Tests of the event store on real files, in real processes."""
