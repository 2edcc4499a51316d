import os

for name in (
    "answer.csv",
    "Answer.csv",
    "ANSWER.CSV",
    "answer.csv ",
    "answer.csv.",
    "\uff41nswer.csv",
    "answer\u200b.csv",
    "\u0430nswer.csv",
):
    with open(f"/output/{name}", "w") as sink:
        sink.write(name)
assert len(os.listdir("/output")) == 8
