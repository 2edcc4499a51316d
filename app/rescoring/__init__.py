"""Re-scores: a new truth, metric or scorer, tried on all that was handed in, then published."""
