"""`python -m baijing` is `baijing`."""

import sys

from baijing.cli import main

sys.exit(main())
