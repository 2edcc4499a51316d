"""One act on many submissions: chosen by a filter, weighed first, then done piece by piece."""
