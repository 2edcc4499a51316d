import os

os.chdir("/tmp")
made = 0
try:
    while made < 200_000:
        os.close(os.open(f"{made}", os.O_CREAT | os.O_WRONLY))
        made += 1
except OSError as error:
    print(made, error)
else:
    raise SystemExit("no end of files")
