"""Problem packs: folders with a description, a generator, a truth and a baseline.

`pack` loads and validates one, `materialise` makes its data, `check` tries its whole life,
`new` scaffolds one and `seeds` seals a seed. The packs themselves are the folders beside them.
"""
