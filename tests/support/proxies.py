"""Real proxies: nginx and haproxy, on a port of their own."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.waiting import wait_until

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {http}
    server {{ listen 127.0.0.1:{port} http2; location / {{ {what} }} }}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen toggle
    bind 127.0.0.1:{port} proto h2
    {what}
"""
PROXIES = {"nginx": (NGINX, ["-p", "{folder}", "-c"]), "haproxy": (HAPROXY, ["-db", "-f"])}


class Proxy:
    """Starts nginx or haproxy with what is to be done with calls; gives its address.

    One that was started before is ended first.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self._process: subprocess.Popen | None = None

    def __call__(self, name: str, what: str, http: str = "") -> str:
        program = shutil.which(name)
        if program is None:
            missing = pytest.fail if os.environ.get("CI") else pytest.skip
            missing(f"{name} is not installed")
        template, options = PROXIES[name]
        # What nginx writes to belongs to a user of its own.
        self._folder.chmod(0o755)
        file = self._folder / "proxy.conf"
        file.write_text(template.format(folder=self._folder, port=self._port, what=what, http=http))
        options = [option.format(folder=self._folder) for option in options]
        self.end()
        self._process = subprocess.Popen([program, *options, file], stderr=subprocess.DEVNULL)
        wait_until(lambda: accepts(self._port))
        return f"127.0.0.1:{self._port}"

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@contextmanager
def running_proxy(folder: Path, port: int) -> Iterator[Proxy]:
    """A proxy that ends with the block."""
    proxy = Proxy(folder, port)
    try:
        yield proxy
    finally:
        proxy.end()


def accepts(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
