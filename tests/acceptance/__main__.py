"""`python tests/acceptance [DIR …]` sends recorded traffic through SeaLink and counts what comes out right."""

import sys
from pathlib import Path

import pytest

runner = Path(__file__).with_name("test_recorded_traffic.py")
sys.exit(pytest.main([str(runner), "-q", *(f"--recordings={folder}" for folder in sys.argv[1:])]))
