"""What judges write about submissions, and what teams answer."""
