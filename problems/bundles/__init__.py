"""Competitions made for other platforms, read as drafts of our packs.

`reading` opens an unpacked bundle; `codabench`, `codalab` and `evalai` know one format each and
give `Competition`s; `writing` makes packs of them, which `layout` runs in that platform's folders.
Nothing here executes what it reads.
"""
