"""What a program finds in its environment: the contract's variables and what libraries expect."""

from collections.abc import Mapping

from sandbox import policy
from sandbox.recipes import VENV
from sandbox.types import Run


def environment(run: Run, *, path: str) -> Mapping[str, str]:
    """Return the whole environment of `run`; nothing of the host's leaks in.

    `path` is the image's search path. `run.env` wins over the defaults (SEED, the model gateway's
    variables), but not over what the limits say.
    """
    limits = run.limits
    threads = str(policy.threads(limits))
    defaults = {
        "PATH": path,
        "HOME": policy.TMP_DIR,
        "TMPDIR": policy.TMP_DIR,
        "USER": "runner",
        "LOGNAME": "runner",
        "LANG": "C.UTF-8",
        # Pillow looks below each of these for fonts by their file names
        "XDG_DATA_DIRS": f"{VENV}/share:/usr/local/share:/usr/share",
        "SEED": "0",
        # a killed run must not keep its last lines in a buffer
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        # an interpreter that is killed by its own mistake says where
        "PYTHONFAULTHANDLER": "1",
        # libraries count the machine's cores, not the granted ones
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "NUMEXPR_MAX_THREADS": threads,
        "LOKY_MAX_CPU_COUNT": threads,
    }
    contract = {
        "INPUT_DIR": policy.INPUT_DIR,
        "OUTPUT_DIR": policy.OUTPUT_DIR,
        "TIME_LIMIT_S": f"{limits.wall_s:g}",
        "CPUS": f"{limits.cpus:g}",
        "MEMORY_BYTES": str(limits.memory_bytes),
        "GPUS": str(limits.gpus),
    }
    if limits.gpus == 0:
        # an engine whose default runtime is NVIDIA's grants every card unless told not to
        contract["NVIDIA_VISIBLE_DEVICES"] = "void"
    return {**defaults, **run.env, **contract}
