import os

ours = set(os.listdir("/"))
looked = 0
for pid in ["self", "thread-self", *filter(str.isdigit, os.listdir("/proc"))]:
    for way in ("root", "cwd/..", "root/..", "root/proc/1/root"):
        try:
            found = set(os.listdir(f"/proc/{pid}/{way}"))
        except OSError:
            continue
        looked += 1
        assert found == ours, (pid, way, found - ours)
    try:
        maps = os.listdir(f"/proc/{pid}/map_files")
    except OSError:
        continue
    for name in maps:
        target = os.readlink(f"/proc/{pid}/map_files/{name}")
        special = target.startswith(("/dev/zero", "/SYSV", "/memfd", "/anon_hugepage", "["))
        assert special or os.path.exists(target), target
assert looked
