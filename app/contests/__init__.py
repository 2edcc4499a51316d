"""The contest: the frame of all problems, and what is announced in it."""
