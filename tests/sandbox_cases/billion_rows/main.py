rows = "".join(f"{number},0\n" for number in range(100_000))
with open("/output/answer.csv", "w") as sink:
    sink.write("id,value\n")
    for _ in range(10_000):
        sink.write(rows)
