with open("/output/answer.csv", "wb") as sink:
    sink.truncate(1 << 40)
