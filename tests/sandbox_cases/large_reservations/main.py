import mmap

held = []
for size in (1 << 33, 1 << 40, 1 << 46):
    for flags in (
        mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000,
        mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x40000,
    ):
        try:
            held.append(mmap.mmap(-1, size, flags=flags))
        except (OSError, ValueError, OverflowError):
            pass
print(len(held))
