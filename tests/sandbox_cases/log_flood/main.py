line = "x" * 4095
while True:
    print(line)
