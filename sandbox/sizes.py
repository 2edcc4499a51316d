"""Bytes as people read them."""


def format_bytes(size: float) -> str:
    """Write a size with a binary unit: `10 MiB`, `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004 — the definition of the unit
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} TiB"
