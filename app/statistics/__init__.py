"""How sure a board can be: intervals of scores and groups of teams, kept beside the standings."""
