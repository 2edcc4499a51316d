import os

GRANTED = []


def attempt(name, call):
    try:
        call()
        GRANTED.append(name)
    except OSError:
        pass


def write(path, value):
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, value)
    finally:
        os.close(descriptor)


attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))
attempt("nice of all", lambda: os.setpriority(os.PRIO_USER, 0, -5))
for policy in (os.SCHED_FIFO, os.SCHED_RR):
    attempt(
        f"policy {policy}",
        lambda policy=policy: os.sched_setscheduler(0, policy, os.sched_param(50)),
    )
attempt("oom_score_adj", lambda: write("/proc/self/oom_score_adj", b"-1000"))
attempt("autogroup", lambda: write("/proc/self/autogroup", b"-20"))
assert not GRANTED, GRANTED
