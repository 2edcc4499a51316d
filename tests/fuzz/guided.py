"""Fuzz one target guided by coverage: `python -m tests.fuzz.guided TARGET LIBFUZZER-ARGUMENTS`."""

import sys

import atheris

with atheris.instrument_imports(
    include=[
        *("sandbox.archive", "sandbox.collect", "sandbox.logs", "scoring.program_result"),
        *("scoring.json_records", "scoring.records", "scoring.text", "scoring.cells"),
        *("zipfile", "tarfile", "json.decoder", "json.scanner"),
    ]
):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Hand over to libFuzzer, which ends the process: status 0 unless something was found."""
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
