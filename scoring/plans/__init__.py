"""Plans that are checked and priced: schedules, routes, packings.

Nothing here needs more than the standard library, so that a pack's own scorer may use it too.
"""
