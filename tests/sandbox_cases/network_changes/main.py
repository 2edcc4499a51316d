import fcntl
import socket
import struct

names = {name for _, name in socket.if_nameindex()}
assert "lo" in names and not any(
    name.startswith(("eth", "en", "docker", "veth", "wl")) for name in names
), names
routes = open("/proc/net/route").read().splitlines()[1:]
assert not [line for line in routes if line.split()[0] != "lo"], routes
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    for request, argument in ((0x8916, b"lo"), (0x8914, b"lo"), (0x890B, b"")):
        try:
            fcntl.ioctl(control, request, struct.pack("16s24x", argument))
        except OSError:
            continue
        raise SystemExit(f"changed by {request:x}")
    control.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for address in ("255.255.255.255", "224.0.0.251", "10.0.0.1", "127.0.0.53"):
        try:
            control.sendto(b"x" * 16, (address, 53))
        except OSError:
            continue
        assert address.startswith("127."), address
