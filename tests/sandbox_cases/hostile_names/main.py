for name in (
    b"\xff\xfe",
    b"a\nb",
    b"\x1b[31m",
    "\u202egnp.exe".encode(),
    b".hidden",
    b"-rf",
    b"x" * 255,
):
    open(b"/output/" + name, "w").close()
open("/output/plain.csv", "w").close()
open("/output/中文.csv", "w").close()
