import os

assert os.environ["INPUT_DIR"] == "/input"
assert os.environ["OUTPUT_DIR"] == "/output"
assert os.environ["TIME_LIMIT_S"] == "30"
assert os.environ["CPUS"] == "1"
assert os.environ["MEMORY_BYTES"] == str(1 << 30)
assert os.environ["GPUS"] == "0"
assert os.environ["SEED"] == "0"
assert os.environ["NVIDIA_VISIBLE_DEVICES"] == "void"
assert os.getcwd() == "/code"
assert sorted(os.listdir("/input")) == ["data.csv"]
