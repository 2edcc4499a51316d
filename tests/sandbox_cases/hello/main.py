import os
from pathlib import Path

answer = Path(os.environ["OUTPUT_DIR"]) / "answer.csv"
answer.write_text("id,value\n1,2\n")
print("hello, 世界")
