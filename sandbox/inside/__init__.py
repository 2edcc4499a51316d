"""What runs inside a container, trusted with nothing: sources that are sent in, never imported."""
