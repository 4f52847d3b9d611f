"""The connections of this process, as the operating system has them."""

import psutil


def connections_to(server) -> set[int]:
    """The ports at which connections to a server begin."""
    return {
        one.laddr.port
        for one in psutil.Process().net_connections("tcp")
        if one.raddr and one.raddr.port == server.port and one.status == psutil.CONN_ESTABLISHED
    }
