"""The programs `sandbox.probe` runs inside: each tries not to be held, and says what gave way."""
