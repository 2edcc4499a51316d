"""Hot above five amperes: close, and wrong for some."""

import csv
import os
from pathlib import Path

with Path(os.environ["INPUT_DIR"], "motors.csv").open(encoding="utf-8", newline="") as file:
    motors = [(row["id"], float(row["current"])) for row in csv.DictReader(file)]
with Path(os.environ["OUTPUT_DIR"], "predictions.csv").open("w", encoding="utf-8") as file:
    print("id,hot", file=file)
    for name, current in motors:
        print(f"{name},{'yes' if current > 5 else 'no'}", file=file)
print("answered", len(motors))
