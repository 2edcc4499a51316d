import os
import socket

known = ["\0/containerd-shim/x.sock", "\0/tmp/.X11-unix/X0", "\0ISCSIADM_ABSTRACT_NAMESPACE"]
known += ["/run/containerd/containerd.sock", "/run/dbus/system_bus_socket", "/run/systemd/private"]
known += ["/run/snapd.socket", "/run/nvidia-persistenced/socket", "/var/run/docker.sock"]
try:
    lines = open("/proc/net/unix").read().splitlines()[1:]
except OSError:
    lines = []
named = [line.split()[7] for line in lines if len(line.split()) > 7]
known += [name.replace("@", "\0", 1) for name in named]
for name in known:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(name)
        except OSError:
            continue
    raise SystemExit(f"connected to {name!r}")
assert os.uname().nodename == "sandbox"
