with open("/output/big.bin", "wb") as sink:
    while True:
        sink.write(bytes(1 << 20))
        sink.flush()
