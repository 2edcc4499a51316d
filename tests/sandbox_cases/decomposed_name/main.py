import unicodedata

name = unicodedata.normalize("NFD", "r\u00e9ponse.csv")
open(f"/output/{name}", "w").close()
