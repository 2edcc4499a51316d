"""The judges' desk: boards side by side, entries next to their code, and the sign-off."""
