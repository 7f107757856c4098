"""The sockets that SeaLink listens on: opened, given by systemd, shared out among workers, handed over."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from sealink.app.listening.shares import Shares
from sealink.app.listening.sockets import Sockets, at_addresses_of, base_url, is_at, open_tcp, open_unix
from sealink.app.listening.systemd import NotASocket, given_sockets, notify, watchdog_pause_s
from sealink.app.listening.takeover import MeetingPlace, Predecessor
from sealink.config import Config, ServerConfig
from sealink.config.environment import ServiceVariables, service_variables


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def closed_later(closing: ExitStack, sockets: list[socket.socket]) -> list[socket.socket]:
    for each in sockets:
        closing.enter_context(each)
    return sockets


def config(folder: Path, **server: object) -> Config:
    return Config(server=ServerConfig(data_dir=str(folder), **server))  # type: ignore[arg-type]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_free_port_is_the_same_for_all_addresses_of_a_host(closing: ExitStack) -> None:
    opened = closed_later(closing, open_tcp("", 0))
    assert len({each.getsockname()[1] for each in opened}) == 1
    assert {each.family for each in opened} == {socket.AF_INET, *([socket.AF_INET6] if has_ipv6() else [])}


def test_a_port_is_not_shared_with_whoever_else_is_bound_to_it(closing: ExitStack) -> None:
    (first,) = closed_later(closing, open_tcp("127.0.0.1", 0))
    first.listen()
    with pytest.raises(OSError, match="already in use"):
        open_tcp("127.0.0.1", first.getsockname()[1])


def test_a_unix_socket_has_its_mode_and_replaces_one_that_nobody_listens_on(tmp_path: Path, closing: ExitStack) -> None:
    path = tmp_path / "s"
    with open_unix(path, 0o666) as left:
        left.listen()
        with pytest.raises(OSError, match="already in use"):
            open_unix(path, 0o600)
    closed_later(closing, [open_unix(path, 0o600)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(OSError, match="already in use"):
        open_unix(path, 0o600)
    assert path.read_text() == "precious"


def test_where_a_socket_is(tmp_path: Path, closing: ExitStack) -> None:
    (tcp,) = closed_later(closing, open_tcp("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    assert is_at(tcp, "localhost", port)
    assert not is_at(tcp, "127.0.0.1", port + 1)
    assert not is_at(tcp, "127.0.0.2", port)
    assert not is_at(tcp, "127.0.0.1", port, str(tmp_path / "s"))
    (unix,) = closed_later(closing, [open_unix(tmp_path / "s", 0o600)])
    assert is_at(unix, "", port, str(tmp_path / "." / "s"))
    assert not is_at(unix, "127.0.0.1", port)
    here = at_addresses_of(Config(), [tcp]).server
    assert base_url(here, [tcp]) == f"http://127.0.0.1:{port}/v1"
    assert base_url(at_addresses_of(Config(), [unix]).server, [unix]) == "http://localhost/v1"


def test_each_worker_has_tcp_sockets_of_its_own(tmp_path: Path, closing: ExitStack) -> None:
    shares = Shares(config(tmp_path, port=0), 2, None)
    closing.callback(shares.close)
    first, second = (closed_later(closing, shares.deal()) for _ in range(2))
    assert first[0].getsockname() == second[0].getsockname() == ("127.0.0.1", shares.config.server.port)
    assert not shares.for_all
    for each in (*first, *second):
        each.listen()
    with pytest.raises(OSError, match="already in use"):
        Shares(shares.config, 2, None)


def test_handed_over_sockets_are_dealt_and_what_cannot_be_opened_again_is_for_all(
    tmp_path: Path, closing: ExitStack
) -> None:
    before = Shares(config(tmp_path, port=0), 3, None)
    closing.callback(before.close)
    handed = [each for _ in range(3) for each in closed_later(closing, before.deal())]
    after = Shares(before.config, 2, Sockets(handed))
    assert [after.deal(), after.deal()] == [[handed[0], handed[2]], [handed[1]]]
    (new,) = closed_later(closing, after.deal())  # of a worker that follows one that died
    assert new not in handed
    assert new.getsockname() == handed[0].getsockname()
    of_service = Shares(before.config, 2, Sockets(handed, for_all=True))
    assert (list(of_service.for_all), of_service.deal()) == (handed, [])
    (alone,) = closed_later(closing, open_tcp("127.0.0.1", 0))
    shared = Shares(config(tmp_path, port=alone.getsockname()[1]), 2, Sockets([alone]))
    assert (list(shared.for_all), shared.deal(), shared.deal()) == ([alone], [], [])


def test_what_systemd_gives_and_to_whom() -> None:
    mine = ServiceVariables(listen_pid=str(os.getpid()), listen_fds=0)
    assert given_sockets(mine) is None
    assert given_sockets(ServiceVariables(listen_pid=str(os.getppid()), listen_fds=1)) is None
    assert service_variables({"LISTEN_PID": "7", "LISTEN_FDS": "x", "WATCHDOG_USEC": "50"}) == ServiceVariables(
        listen_pid="7", watchdog_usec=50
    )


def in_a_child(fds: list[int], names: str) -> str:
    """What a process makes of the file descriptors from 3 on."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            kept = [os.dup(fd) for fd in (*fds, writing)]
            for number, fd in enumerate(kept[:-1], 3):
                os.dup2(fd, number)
            given = ServiceVariables(listen_pid=str(os.getpid()), listen_fds=len(fds), listen_fd_names=names)
            try:
                found = given_sockets(given)
                told = f"{[len(each) for each in found[:2]]} {found.for_all}" if found else "none"
            except NotASocket as error:
                told = str(error)
            os.write(kept[-1], told.encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        return answer.read()


def test_the_admin_port_is_known_by_its_name(closing: ExitStack) -> None:
    sockets = closed_later(closing, [socket.create_server(("127.0.0.1", 0)) for _ in range(3)])
    fds = [each.fileno() for each in sockets]
    assert in_a_child(fds, "sealink.socket:admin:sealink.socket") == "[2, 1] True"
    assert in_a_child(fds, "") == "[3, 0] True"


def test_what_is_nothing_to_listen_on_is_told(closing: ExitStack) -> None:
    (bound,) = closed_later(closing, [socket.socket()])
    (datagrams,) = closed_later(closing, [socket.socket(socket.AF_INET, socket.SOCK_DGRAM)])
    for each in (bound, datagrams):
        assert "does not listen: use ListenStream=" in in_a_child([each.fileno()], "")
    with open(os.devnull) as file:
        assert "is no socket" in in_a_child([file.fileno()], "")


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, is_abstract: bool) -> None:
    name = f"@sealink-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0"))
        notify("READY=1", ServiceVariables(notify_socket=name))
        assert systemd.recv(100) == b"READY=1"
    notify("READY=1", ServiceVariables())


def test_a_systemd_that_is_gone_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notify("STOPPING=1", ServiceVariables(notify_socket=str(tmp_path / "gone")))
    assert "systemd is not told STOPPING=1" in caplog.text


def test_the_watchdog_hears_twice_as_often_as_it_must() -> None:
    pid = str(os.getpid())
    assert watchdog_pause_s(ServiceVariables()) is None
    assert watchdog_pause_s(ServiceVariables(watchdog_usec=30_000_000)) == 15.0
    assert watchdog_pause_s(ServiceVariables(watchdog_usec=30_000_000, watchdog_pid=pid)) == 15.0
    assert watchdog_pause_s(ServiceVariables(watchdog_usec=30_000_000, watchdog_pid=pid + "0")) is None


def test_sockets_go_to_the_one_that_listens_at_the_same_address(tmp_path: Path, closing: ExitStack) -> None:
    folder = tmp_path / ("d" * 100)  # beyond what a Unix socket's address may have
    (public,) = closed_later(closing, open_tcp("127.0.0.1", 0))
    (admin,) = closed_later(closing, open_tcp("127.0.0.1", 0))
    here = config(folder, port=public.getsockname()[1])
    here = msgspec.structs.replace(here, admin=msgspec.structs.replace(here.admin, port=admin.getsockname()[1]))
    assert Predecessor.of(config(tmp_path)) is None
    place = MeetingPlace(here.server, lambda: Sockets([public], [admin]))
    closing.callback(place.close)
    found = Predecessor.of(here)
    assert found
    handed = closed_later(closing, [*found.sockets.public, *found.sockets.admin])
    assert [each.getsockname() for each in handed] == [public.getsockname(), admin.getsockname()]
    found._connection.close()  # it has given up
    elsewhere = msgspec.structs.replace(here, admin=msgspec.structs.replace(here.admin, port=1))
    again = Predecessor.of(elsewhere)
    assert again
    closed_later(closing, [*again.sockets.public])
    assert not again.sockets.admin
    again._connection.close()
    on_another_address = msgspec.structs.replace(here.server, host="127.0.0.2")
    assert Predecessor.of(msgspec.structs.replace(here, server=on_another_address)) is None


def test_the_newest_has_the_meeting_place(tmp_path: Path, closing: ExitStack) -> None:
    (public,) = closed_later(closing, open_tcp("127.0.0.1", 0))
    here = config(tmp_path, port=public.getsockname()[1])
    old, new = (MeetingPlace(here.server, lambda: Sockets([public])) for _ in range(2))
    old.close()
    found = Predecessor.of(here)
    assert found
    closed_later(closing, [*found.sockets.public])
    found._connection.close()
    new.close()
    assert Predecessor.of(here) is None
    assert not list(tmp_path.iterdir())
