for number in range(100_000):
    open(f"/output/{number}", "w").close()
