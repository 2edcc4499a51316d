"""Leaderboards: who stands where, computed from current scores."""
