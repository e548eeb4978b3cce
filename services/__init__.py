"""Use cases: one verb each, each its own transaction."""
