"""Run untrusted code under bubblewrap: for development, where there is no container engine.

What it lacks beside Docker: it shares the disk (/output is watched, not sized by the kernel), and
as an ordinary user memory is watched rather than capped. `sandbox.choose` says so at start.
"""

from sandbox.bubblewrap.backend import BubblewrapSandbox

__all__ = ["BubblewrapSandbox"]
