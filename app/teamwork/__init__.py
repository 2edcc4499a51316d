"""What teams do that needs boards and submissions too: merge, look back, show themselves."""
