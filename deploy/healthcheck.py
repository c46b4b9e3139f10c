#!/opt/lianzhen/bin/python
"""Is this container's role alive? ``http PORT PATH`` or ``tcp PORT``; exit 0 when it is."""

import http.client
import socket
import sys

TIMEOUT_S = 4.0


def answers_http(port: int, path: str) -> bool:
    """Tell whether a GET is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    finally:
        connection.close()


def accepts_tcp(port: int) -> bool:
    """Tell whether a connection is accepted."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S):
        return True


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 alive, 1 not, 2 wrong usage."""
    try:
        match arguments:
            case ["http", port, path]:
                alive = answers_http(int(port), path)
            case ["tcp", port]:
                alive = accepts_tcp(int(port))
            case _:
                return 2
    except (OSError, http.client.HTTPException):
        return 1
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
