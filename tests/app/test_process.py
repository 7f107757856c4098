"""What a server does before it takes connections."""

import subprocess
import sys

MEAGRE, FULL = 64, 512

SCRIPT = f"""
import resource
from sealink.app.process import raise_file_limit
resource.setrlimit(resource.RLIMIT_NOFILE, ({MEAGRE}, {FULL}))
raise_file_limit()
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_as_many_files_as_the_process_may_have() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == f"({FULL}, {FULL})\n"
