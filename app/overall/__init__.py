"""Overall boards: one ranking over several problems of a contest, kept row by row."""
