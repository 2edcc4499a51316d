"""What becomes of a submission: looked over, run, scored. No web, no database, no queue.

The site uses these parts one by one; `python -m trial` uses them all at once, on public data, so
that a team learns at home what the site would say.
"""
