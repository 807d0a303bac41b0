"""Start the steward page on this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket

import uvicorn

from stewardship.app import create_app
from stewardship.users import DEMO_USERS, create_demo_users
from warehouse.errors import BusyError, SettingsError
from warehouse.keys import create_key
from warehouse.settings import Settings


def address(settings: Settings) -> str:
    """Where the page answers."""
    host = f"[{settings.stewardship.host}]" if ":" in settings.stewardship.host else settings.stewardship.host
    return f"http://{host}:{settings.stewardship.port}/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bind(settings: Settings) -> socket.socket:
    """Take the port before anything is announced."""
    host, port = settings.stewardship.host, settings.stewardship.port
    if not _is_loopback(host):
        raise SettingsError(
            f"settings.toml: key 'stewardship.host': {host} is not this machine's own address, and the page speaks no "
            "TLS; use 127.0.0.1 and put the bank's TLS proxy in front"
        )
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        message = f"{host}:{port}: another program uses this port; stop it or set MDM_STEWARDSHIP__PORT"
        raise BusyError(message) from None
    return listener


def logins(settings: Settings) -> list[str]:
    """One line per demo login with its password and role, for the terminal; none on a real site. Makes them once."""
    passwords = create_demo_users(settings)
    return [f"{login:<14} {passwords[login]}  {role}, {branch}" for login, role, branch, *_ in DEMO_USERS if passwords]


def serve(settings: Settings) -> None:
    """Make the store (and the demo's key and users), then answer until interrupted.

    Raises:
        SettingsError: the host is not a loopback address.
        BusyError: the port is taken.
        KeyFileError: a real site without a key.
    """
    listener = _bind(settings)
    try:
        if settings.is_demo and settings.key is None:
            create_key(settings)
        create_demo_users(settings)
        logging.basicConfig(format="%(asctime)s %(message)s")
        logging.getLogger("stewardship").setLevel(logging.INFO)
        # uvicorn's own access log would print paths and queries; ours (middleware.py) prints neither
        config = uvicorn.Config(
            create_app(settings), access_log=False, log_level="warning", server_header=False, proxy_headers=False
        )
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended in good order and passes the signal on
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        listener.close()
