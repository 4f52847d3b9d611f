"""The extras of the distribution: which brings what, and what is said where one is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module

BROUGHT: Mapping[str, Sequence[str]] = {
    "testing": (
        "google.rpc",
        "grpc_health",
        "grpc_reflection",
        "jwt",
        "msgspec",
        "psutil",
    ),
    "serve": ("anyio", "click", "httpx", "prometheus_client", "rich", "starlette", "uvicorn"),
    "tls": ("cryptography", "trustme"),
    "strategies": ("hypothesis",),
    "postgres": ("psycopg",),
    "container": ("docker", "testcontainers"),
    "load": ("locust",),
}
"""The modules that come with each extra."""

_EXTRA_OF = {module: extra for extra, modules in BROUGHT.items() for module in modules}


@contextmanager
def extras() -> Iterator[None]:
    """Around imports: where a library is missing that an extra brings, say which.

    Raises:
        MissingExtraError: It is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = error.name or ""
        extra = _EXTRA_OF.get(missing) or _EXTRA_OF.get(missing.partition(".")[0])
        if extra is None:
            raise
        from toggle_mock.errors import MissingExtraError  # noqa: PLC0415 - it brings gRPC

        raise MissingExtraError(
            f"{missing} is not installed, which this needs: pip install 'rodent-events[{extra}]'"
        ) from error


def is_missing_extra(error: ImportError) -> bool:
    """Whether it is what :func:`extras` raises."""
    from toggle_mock.errors import MissingExtraError  # noqa: PLC0415 - as above

    return isinstance(error, MissingExtraError)


def loaded(package: str, homes: Mapping[str, Sequence[str]], name: str) -> object:
    """What a package's ``__getattr__`` gives, if it loads its names when they are first used.

    Args:
        package: The name of the package.
        homes: The names by the module that has them, seen from the package.
        name: What is asked for.

    Raises:
        AttributeError: The package has no such name.
        MissingExtraError: It is of an extra that is not installed.
    """
    for home, names in homes.items():
        if name in names:
            with extras():
                return getattr(import_module(f"{package}.{home}"), name)
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
