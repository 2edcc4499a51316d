"""What a run of a submission used, as a board's columns may show it.

The platform measures, nothing here does: `RunFacts` is handed in. Items are the rows of the answer,
those of both boards where one answer covers both.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["RunFact", "RunFacts"]


class RunFact(StrEnum):
    """One thing that a run used; less of it is better."""

    WALL_S = "wall_s"
    WALL_S_PER_ITEM = "wall_s_per_item"
    CPU_S = "cpu_s"
    CPU_S_PER_ITEM = "cpu_s_per_item"
    PEAK_MEMORY_BYTES = "peak_memory_bytes"
    GPU_S = "gpu_s"
    GPU_S_PER_ITEM = "gpu_s_per_item"
    PEAK_GPU_MEMORY_BYTES = "peak_gpu_memory_bytes"
    CODE_BYTES = "code_bytes"
    TOKENS = "tokens"
    TOKENS_PER_ITEM = "tokens_per_item"

    @property
    def whole(self) -> "RunFact":
        """What is divided by the number of items; itself where nothing is."""
        return RunFact(self.value.removesuffix(_PER_ITEM))

    @property
    def is_per_item(self) -> bool:
        """Whether it is divided by the number of items."""
        return self.value.endswith(_PER_ITEM)

    @property
    def needs_gpus(self) -> bool:
        """Whether only a run with GPUs has it."""
        return "gpu" in self.value

    @property
    def is_reported(self) -> bool:
        """Whether the team's own program says it, and nobody measures it."""
        return self.whole is RunFact.TOKENS


_PER_ITEM: Final = "_per_item"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What one run used, in seconds and bytes.

    `gpu_s` is the time that cards were held: the wall-clock time of the run times their number.
    `peak_gpu_memory_bytes` is that of the fullest card. `code_bytes` is the size of all files the
    submission brought, unpacked: programs, models, tables. `tokens` are those of a language model
    that the program reports (`scoring.usage`).
    """

    wall_s: float
    cpu_s: float
    peak_memory_bytes: int
    code_bytes: int
    gpu_s: float = 0.0
    peak_gpu_memory_bytes: int = 0
    tokens: int = 0

    def value(self, fact: RunFact, items: int) -> float:
        """Return one fact, of `items` items in all."""
        whole = float(getattr(self, fact.whole.value))
        return whole / max(items, 1) if fact.is_per_item else whole
