"""What this service and its neighbours tell each other, and the only place where both vocabularies meet."""
