import socket

try:
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
except OSError:
    pass
else:
    raise SystemExit("AF_VSOCK opened")
