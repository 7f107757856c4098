"""What deploy/ has for systemd, containers and Kubernetes: its commands and configs, run as processes.

No image is built here, and no cluster is there: what the engines do themselves is not tested.
"""

import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from acceptance.plain_http import get
from acceptance.restarting import PATIENCE_S, SEALINK, Running
from acceptance.sealink_process import free_port
from outside import program

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
DATA: Final = "/var/lib/sealink"
CONFIG: Final = "/etc/sealink/sealink.toml"
CHART: Final = DEPLOY / "helm" / "sealink"
PROVIDER: Final = """
[[providers]]
name = "sim"
dialect = "sim"
"""
READ_ONLY: Final = """
mount --bind "$0" "$0" && mount -o remount,ro,bind / &&
exec setpriv --reuid 10001 --regid 10001 --clear-groups "$@"
"""
"""Runs a program as the image's user, on a file system that is read-only but for one folder."""


def status(port: int, path: str, **headers: str) -> int:
    return get(port, path, headers).status


@contextmanager
def serving(
    folder: Path, config: str, *options: str, within: Sequence[str] = (), given: Mapping[str, socket.socket] = {}
) -> Iterator[Running]:
    """SeaLink with a config of deploy/, whose data are in `folder`."""
    assert DATA in config
    (folder / "sealink.toml").write_text(config.replace(DATA, str(folder)) + PROVIDER)
    variables = {"SEALINK_API_KEY": "sk-for-the-packages"}
    running = Running(folder, *options, given=given, variables=variables, within=within)
    try:
        yield running
    finally:
        running.terminate()
        running.ended()


def settings_of(unit: str) -> dict[str, str]:
    """The settings of a unit, by their names; of several the last."""
    return dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "systemd" / unit).read_text(), re.MULTILINE))


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").glob("sealink*.s*"):
        text = unit.read_text().replace("/usr/local/bin/sealink", str(SEALINK))
        (tmp_path / unit.name).write_text(text)
    command = [program("systemd-analyze"), "verify", "--man=no", *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert not [line for line in done.stderr.splitlines() if "sealink" in line], done.stderr


def test_the_service_runs_on_the_sockets_of_its_units(tmp_path: Path) -> None:
    service, public, admin = map(settings_of, ("sealink.service", "sealink.socket", "sealink-admin.socket"))
    assert shlex.split(service["ExecStart"]) == ["/usr/local/bin/sealink", "serve", "--config", CONFIG]
    assert service["Type"] == "notify"
    assert int(service["TimeoutStopSec"]) > 30
    assert (public["ListenStream"], admin["ListenStream"]) == ("127.0.0.1:4000", "127.0.0.1:4001")
    assert admin["Service"] == "sealink.service"
    config = (DEPLOY / "systemd" / "sealink.toml").read_text()
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        given = {"sealink.socket": one, admin["FileDescriptorName"]: other}
        with serving(tmp_path, config, given=given):
            assert status(one.getsockname()[1], "/v1/me", authorization="Bearer sk-for-the-packages") == 200
            assert status(one.getsockname()[1], "/health/ready") == 200
            assert status(other.getsockname()[1], "/metrics") == 200


def instruction(name: str) -> str:
    """The last of its kind in the Dockerfile, lines that go on joined."""
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "").splitlines()
    return [line.partition(" ")[2].strip() for line in lines if line.startswith(f"{name} ")][-1]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users reach: pytest's own are below one that they do not."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_the_image_runs_as_a_user_without_rights_on_a_read_only_file_system(open_folder: Path) -> None:
    """Its command with its config, and its health check."""
    assert json.loads(instruction("ENTRYPOINT")) == ["sealink"]
    assert json.loads(instruction("CMD")) == ["serve", "--config", CONFIG]
    assert instruction("USER") == "10001"
    assert instruction("WORKDIR") == instruction("VOLUME") == DATA
    within = [program("unshare"), "--mount", "sh", "-c", READ_ONLY, str(open_folder)]
    tried = subprocess.run([*within, sys.executable, "-c", ""], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"nobody may do that here: {tried.stderr.strip()}")
    port, admin = free_port(), free_port()
    config = (DEPLOY / "container" / "sealink.toml").read_text()
    options = ("--port", str(port), "--admin-port", str(admin))
    health = json.loads(instruction("HEALTHCHECK").partition("CMD ")[2])
    check = [sys.executable, *(word.replace(":4000", f":{port}") for word in health[1:])]
    assert health[0] == "python"
    with serving(open_folder, config, *options, within=within):
        assert status(port, "/health/ready") == 200
        assert status(admin, "/metrics", authorization="Bearer t") == 200
        assert subprocess.run(check, timeout=PATIENCE_S, check=False).returncode == 0
    assert (open_folder / "sealink.db").stat().st_uid == 10001
    assert subprocess.run(check, timeout=PATIENCE_S, stderr=subprocess.DEVNULL, check=False).returncode


def test_the_image_is_made_of_files_that_are_there() -> None:
    root = DEPLOY.parent
    text = (DEPLOY / "Dockerfile").read_text()
    sources = [word for line in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE) for word in line.split()]
    assert sources
    assert not [source for source in sources if not (root / source).exists()]
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert not [source for source in sources if not any(f"!{source}".startswith(line) for line in ignored)]
    lists = re.findall(r"requirements/\w+\.txt", text)
    assert not [name for name in lists if not (root / name).exists()]


def test_the_image_has_the_extras_as_they_are_pinned() -> None:
    command = [sys.executable, str(DEPLOY.parent / "requirements" / "extras.py")]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
    assert {"botocore", "google-auth", "hiredis", "psycopg", "psycopg-binary", "redis"} <= set(
        re.findall(r"^([\w.-]+)==", listed, re.M)
    )
    assert "pytest" not in listed
    assert listed.count("--hash=sha256:") > listed.count("==")


def test_the_source_distribution_has_all_that_the_package_is_built_of(tmp_path: Path) -> None:
    root = DEPLOY.parent
    made = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.so")
    for folder in ("src", "docs"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=made)
    for file in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(root / file, tmp_path)
    wanted = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    build = "from setuptools import build_meta; build_meta.build_sdist('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, check=True, timeout=PATIENCE_S)
    (archive,) = (tmp_path / "dist").iterdir()
    with tarfile.open(archive) as packed:
        assert wanted - {name.partition("/")[2] for name in packed.getnames()} == set()


def test_compose_runs_the_command_of_the_image() -> None:
    text = (DEPLOY / "compose-single.yaml").read_text()
    (command,) = re.findall(r"^ +command: (\[.*\])$", text, re.MULTILINE)
    assert json.loads(command) == json.loads(instruction("CMD"))
    assert f"data:{DATA}" in text
    assert "read_only: true" in text


def test_the_charts_pods_run_with_its_config(tmp_path: Path) -> None:
    pods = (CHART / "templates" / "pods.yaml").read_text()
    (args,) = re.findall(r"^ +args: (\[.*\])$", pods, re.MULTILINE)
    words = json.loads(args.replace("{{ .Values.workers }}", "2"))
    assert words == ["serve", "--config", CONFIG, "--workers", "2"]
    port, admin = free_port(), free_port()
    options = (*words[3:], "--port", str(port), "--admin-port", str(admin))
    config = (CHART / "sealink.toml").read_text()
    assert re.search(r"^drain_notice_s = 5 ", config, re.MULTILINE)
    with serving(tmp_path, config.replace("drain_notice_s = 5", "drain_notice_s = 0"), *options):
        for path in re.findall(r"httpGet: { path: (\S+),", pods):
            assert status(port, path) == 200


@pytest.mark.parametrize("values", [(), ("replicas=2", "workers=4", "secretName=keys", "nodeSelector.disk=ssd")])
def test_helm_takes_the_chart(values: tuple[str, ...]) -> None:
    """No Debian package has Helm, so that it is not asked for by CI."""
    helm = shutil.which("helm")
    if helm is None:
        pytest.skip("helm is not installed")
    options = [word for value in values for word in ("--set", value)]
    for command in (("lint", "--strict", str(CHART)), ("template", "sealink", str(CHART))):
        done = subprocess.run([helm, *command, *options], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    kinds = re.findall(r"^kind: (\w+)$", done.stdout, re.MULTILINE)
    assert {"ConfigMap", "Service", "StatefulSet"} <= set(kinds)
    assert ("PodDisruptionBudget" in kinds) == bool(values)
    assert 'data_dir = "/var/lib/sealink"' in done.stdout
