"""How the contest goes: visits, counted without following anybody; statistics; tables."""
