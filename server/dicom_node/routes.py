"""HTTP routes of devices: which may call, from where, as whom, and how much."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r204, r400, r404, r409, r429

from server.core.http import Problem, Requires, Route, inject_params, json_response
from server.dicom_node.devices import DeviceService
from server.dicom_node.schemas import (
    DeviceIn,
    DeviceList,
    DeviceOut,
    DevicePatch,
    HomeOut,
    NodeOut,
    StrangerOut,
    TrialOut,
)
from server.dicom_node.trials import DeviceTrials, Trial
from server.identity.public import ACTOR, Action

_PATH = "/api/devices"


class _Institution(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...


class Institutions(Protocol):
    """Knows institutions by their code."""

    async def get(self, org: str, code: str) -> _Institution:
        """Return the institution of this code; raise `NotFound` where there is none."""
        ...

    async def list(self, org: str) -> Sequence[_Institution]:
        """Return the institutions of a community."""
        ...


def device_routes(
    devices: DeviceService, trials: DeviceTrials, institutions: Institutions, node: NodeOut
) -> list[Route]:
    """Return the routes of devices, for those who administer the community."""

    @inject_params.and_request
    async def list_devices(request: web.Request) -> r200[DeviceList]:
        """List the devices of the community, those switched off too, and who was refused.

        Tags: devices
        """
        org = request[ACTOR].org
        found = await devices.registered(org)
        titles = {each.ae_title for each in found}
        return json_response(
            DeviceList(
                items=[DeviceOut.of(each) for each in found],
                node=node,
                institutions=[
                    HomeOut(id=each.id, code=each.code, name_zh=each.name_zh, name_en=each.name_en)
                    for each in await institutions.list(org)
                ],
                strangers=[
                    StrangerOut(
                        ae_title=each.ae_title,
                        address=each.address,
                        last_at=each.last_at,
                        registered=each.ae_title in titles,
                    )
                    for each in await devices.strangers()
                ],
            )
        )

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

    async def attempted(request: web.Request, trial: Trial, device_id: str) -> web.Response:
        result = await trials.attempt(trial, device_id, by=request[ACTOR])
        return json_response(TrialOut(**asdict(result)))

    @inject_params.and_request
    async def echo_device(
        request: web.Request, device_id: str, /
    ) -> r200[TrialOut] | r404[Problem] | r409[Problem] | r429[Problem]:
        """Echo a device where it is registered to listen.

        Tags: devices
        """
        return await attempted(request, Trial.ECHO, device_id)

    @inject_params.and_request
    async def send_sample(
        request: web.Request, device_id: str, /
    ) -> r200[TrialOut] | r404[Problem] | r409[Problem] | r429[Problem]:
        """Send a device a test image where it is registered to listen.

        Tags: devices
        """
        return await attempted(request, Trial.SAMPLE, device_id)

    manage = Requires(Action.DEVICE_MANAGE)
    return [
        Route("GET", _PATH, list_devices, manage),
        Route("POST", _PATH, create_device, manage),
        Route("PATCH", f"{_PATH}/{{device_id}}", change_device, manage),
        Route("POST", f"{_PATH}/{{device_id}}/echo", echo_device, manage),
        Route("POST", f"{_PATH}/{{device_id}}/sample", send_sample, manage),
    ]
