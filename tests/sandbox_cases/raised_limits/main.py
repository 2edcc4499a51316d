import os
import resource

RAISED = []
for name in ("FSIZE", "NOFILE", "CORE", "MSGQUEUE", "SIGPENDING", "NPROC"):
    number = getattr(resource, f"RLIMIT_{name}")
    soft, hard = resource.getrlimit(number)
    assert hard != resource.RLIM_INFINITY, name
    for wanted in (hard + 1, resource.RLIM_INFINITY):
        try:
            resource.setrlimit(number, (soft, wanted))
            RAISED.append((name, wanted))
        except (OSError, ValueError):
            pass
assert not RAISED, RAISED
opened = []
try:
    while True:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    assert len(opened) <= 1024, len(opened)
