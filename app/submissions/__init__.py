"""Submissions: what teams hand in. Immutable; what happens to them is an evaluation's business."""
