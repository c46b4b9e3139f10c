"""HTTP routes of devices: which may call, from where, as whom, and how much."""

from typing import Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r204, r400, r404, r409

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.dicom_node.devices import DeviceService
from server.dicom_node.schemas import DeviceIn, DeviceList, DeviceOut, DevicePatch
from server.identity.public import ACTOR, Action

_PATH = "/api/devices"


class _Institution(Protocol):
    @property
    def id(self) -> str: ...


class Institutions(Protocol):
    """Knows institutions by their code."""

    async def get(self, org: str, code: str) -> _Institution:
        """Return the institution of this code; raise `NotFound` where there is none."""
        ...


def device_routes(devices: DeviceService, institutions: Institutions) -> list[Route]:
    """Return the routes of devices, for those who administer the community."""

    @inject_params.and_request
    async def list_devices(request: web.Request) -> r200[DeviceList]:
        """List the devices of the community, those switched off too.

        Tags: devices
        """
        found = await devices.registered(request[ACTOR].org)
        return json_response(DeviceList(items=[DeviceOut.of(each) for each in found]))

    @inject_params.and_request
    async def create_device(
        request: web.Request, body: DeviceIn
    ) -> r201[DeviceOut] | r400[Problem] | r404[Problem] | r409[Problem]:
        """Register a device; it may call within seconds.

        Tags: devices
        """
        who = request[ACTOR]
        home = await institutions.get(who.org, body.institution)
        device_id = await devices.register(body.new(who.org, home.id), by=who)
        found = await devices.registered(who.org)
        made = next(each for each in found if each.id == device_id)
        return json_response(DeviceOut.of(made), status=201)

    @inject_params.and_request
    async def change_device(
        request: web.Request, device_id: str, /, body: DevicePatch
    ) -> r204[None] | r400[Problem] | r404[Problem] | r409[Problem]:
        """Change a device; it holds within seconds, and ends associations that may not stay.

        Tags: devices
        """
        who = request[ACTOR]
        await devices.change(who.org, device_id, body.change(), by=who)
        return web.Response(status=204)

    manage = Requires(Action.DEVICE_MANAGE)
    return [
        Route("GET", _PATH, list_devices, manage),
        Route("POST", _PATH, create_device, manage),
        Route("PATCH", f"{_PATH}/{{device_id}}", change_device, manage),
    ]
