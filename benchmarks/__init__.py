"""Benchmarks as ratios: each measures a hot path and a named reference in the same run.

A ratio survives a slower machine; a time does not. `make bench` prints the table and writes JSON.
"""
