"""The front door: the home page, health, metrics, and the demo's content."""
