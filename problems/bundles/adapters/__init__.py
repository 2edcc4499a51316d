"""Programs that are copied into packs and run in the sandbox: each stands alone.

They stand between our contracts and those of other platforms. `bundle.json` beside them says what
they are to do; `problems.bundles.writing` writes it, `problems.bundles.layout` says what is
mounted where.
"""
