"""Make the environment of one list of clients and link to it from .venv-clients: clients.py NAME CACHE

It is kept in CACHE under the digest of its list and of this Python, for all checkouts on this machine.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from install import install


def main(name: str, cache: Path) -> int:
    packages = Path(f"requirements/clients-{name}.txt")
    digest = hashlib.sha256(packages.read_bytes() + sys.version.encode()).hexdigest()
    kept = cache / f"clients-{name}-{digest[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_whole(kept):
            subprocess.run([sys.executable, "-m", "venv", "--clear", kept], check=True)
            if code := install(kept / "bin" / "python", [str(packages)]):
                return code
            (kept / ".installed").touch()
    link = Path(".venv-clients") / name
    link.parent.mkdir(exist_ok=True)
    if link.is_dir() and not link.is_symlink():  # as it was made before there was a cache
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.symlink_to(kept.resolve())
    return 0


def is_whole(kept: Path) -> bool:
    """Whether the installation came to its end, and its Python is still there."""
    return (kept / ".installed").exists() and (kept / "bin" / "python").exists()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
