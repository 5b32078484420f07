"""The systems' own environment, made once: `.bench/stream-…/` beside the code, named after what is pinned.

None of it can reach rekap's environment or lock file. Another set of pins makes another environment.
"""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
PLACE: Final = Path(__file__).parents[2] / ".bench"


def python() -> Path:
    """The interpreter of that environment, made if it is not there yet (180 MB).

    Raises subprocess.CalledProcessError when something can't be installed; pip has told why by then.
    """
    pins = sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    home = PLACE / f"stream-{pins}-{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = home / "bin" / "python"
    done = home / "installed"
    if not done.exists():
        print(f"Installing the systems into {home} ...", file=sys.stderr)
        PLACE.mkdir(exist_ok=True)
        (PLACE / ".gitignore").write_text("*\n", encoding="utf-8")
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [str(interpreter), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--require-hashes", "-r", REQUIREMENTS], check=True, stdout=sys.stderr)
        done.touch()
    return interpreter
