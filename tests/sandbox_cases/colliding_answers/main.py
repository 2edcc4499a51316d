for name in ("a.csv", "A.csv", "r\u00e9.csv", "re\u0301.csv", "stra\u00dfe.csv", "STRASSE.csv"):
    open(f"/output/{name}", "w").close()
