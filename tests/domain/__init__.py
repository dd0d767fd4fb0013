"""The rules of the business, one test each."""
