for path in ("/tmp/big", "/dev/shm/big"):
    try:
        with open(path, "wb") as sink:
            sink.writelines(bytes(1 << 20) for _ in range(200))
    except OSError:
        pass
    else:
        raise SystemExit(f"{path} has no size")
    __import__("os").unlink(path)
