"""Standings: who stands where on every board, kept row by row as scores come in."""
