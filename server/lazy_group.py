"""Groups of commands that are imported when one of theirs is asked for, and for help."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from typer import Context
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


def lazy_group(groups: Mapping[str, str], *, others: str | None = None) -> type[TyperGroup]:
    """Return the class of a group that has other groups by name, each of a ``module:application``.

    It also has all commands of ``others``.
    """

    class LazyGroup(TyperGroup):
        def list_commands(self, ctx: Context) -> list[str]:  # type: ignore[override]  # typer hides its own
            further = _group(others).list_commands(ctx) if others is not None else ()
            return [*super().list_commands(ctx), *further, *groups]

        def get_command(  # type: ignore[override]  # typer hides its own
            self, ctx: Context, cmd_name: str
        ) -> TyperCommand | TyperGroup | None:
            if cmd_name in groups:
                group = _group(groups[cmd_name])
                group.name = cmd_name
                return group
            found = (
                super().get_command(ctx, cmd_name)
                if others is None
                else _group(others).get_command(ctx, cmd_name)
            )
            return cast("TyperCommand | TyperGroup | None", found)

    return LazyGroup


def _group(place: str) -> TyperGroup:
    module, _, application = place.partition(":")
    return get_group(getattr(import_module(module), application))
