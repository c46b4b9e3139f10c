"""`lianzhen`, and `python -m server`."""

import sys

from server.core.supervisor import warm_up
from server.role_names import RoleName


def main() -> None:
    """Run the command line; what starts the roles has their imports begin at once."""
    if sys.argv[1:] in (["serve"], ["demo"]):
        warm_up([*(role.module for role in RoleName), "server.roles"])
    # After the fork server has started: two processes import side by side.
    from server.cli import main as run  # noqa: PLC0415 -- its imports take seconds

    run()


if __name__ == "__main__":
    main()
