with open("/output/answer.bin", "wb") as sink:
    sink.write(bytes(4194304))
