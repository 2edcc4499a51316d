import sys

sys.setrecursionlimit(10**8)


def deeper(_value):
    return sorted([1, 2], key=deeper)


deeper(0)
