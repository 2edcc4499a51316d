with open("/tmp/hoard", "wb") as sink:
    while True:
        sink.write(bytes(8 << 20))
