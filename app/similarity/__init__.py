"""Near-duplicates between teams: what their code and their answers share."""
