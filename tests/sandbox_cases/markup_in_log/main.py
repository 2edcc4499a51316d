print("<script>alert(1)</script>")
print("=cmd|' /C calc'!A0")
print("{{ 7*7 }} ${7*7} %s %n")
print("\x1b]8;;http://example.org\x1b\\click\x1b]8;;\x1b\\ \u202eabc\u2066")
