"""Another user of this machine tries to get into Dask processes: `python -m tests.helpers.intruder PORT ...`.

It prints the ports that let it in, with TLS or without. Where root starts it, it becomes the user `nobody`.
"""

import asyncio
import os
import sys

from distributed import Security
from distributed.comm.core import connect

NOBODY = 65534


def main() -> None:
    """Become another user and try every port."""
    ports = sorted({int(port) for port in sys.argv[1:]})
    ways = [(port, security) for port in ports for security in (None, Security.temporary())]
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    entered = asyncio.run(attempts(ways))
    sys.stdout.write(" ".join(str(port) for (port, _), inside in zip(ways, entered, strict=True) if inside))


async def attempts(ways: list[tuple[int, Security | None]]) -> list[bool]:
    """Whether each port lets in a visitor with this key, or with none."""
    return await asyncio.gather(*(attempt(port, security) for port, security in ways))


async def attempt(port: int, security: Security | None) -> bool:
    """Whether a Dask process at the port greets its visitor."""
    arguments = {} if security is None else security.get_connection_args("client")
    address = f"{'tcp' if security is None else 'tls'}://127.0.0.1:{port}"
    try:
        # A server of another kind may leave its visitor waiting.
        comm = await asyncio.wait_for(connect(address, timeout=2, **arguments), 3)
    except (OSError, ValueError):  # ValueError: a greeting that is not TLS
        return False
    comm.abort()
    return True


if __name__ == "__main__":
    main()
