"""The version of this program: that of the distribution that is installed."""

from __future__ import annotations

from importlib import metadata

NOT_INSTALLED = "0+unknown"
"""What a checkout without an installation says: nobody knows which version it is."""


def program_version() -> str:
    """The version from pyproject.toml, as it was installed."""
    try:
        return metadata.version("rekap")
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
