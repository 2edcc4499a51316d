"""Problems: published from packs, revised, opened and closed in stages."""
