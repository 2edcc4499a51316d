"""Competitions that come from other platforms and go to them: bundles in and out, dumps of ours."""
