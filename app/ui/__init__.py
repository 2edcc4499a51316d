"""What every page shares: language, layout, words, errors, limits, headers and static files."""
