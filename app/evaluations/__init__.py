"""Evaluations: run a submission, score it, and say what happened; history is kept."""
