"""What concerns one person, told on the site: a bell, a list, and what one wants to hear of."""
