"""Who is asking: people, their roles, their passwords and their API tokens."""
