"""The teams' command line of Baijing. Standard library alone; knows the site by its HTTP API."""

from typing import Final

VERSION: Final = "0.1.0"
