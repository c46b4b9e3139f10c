"""A web role killed at each step of what it takes by STOW-RS and by resumable uploads."""

import asyncio

from aiohttp import ClientError, ClientSession
from yarl import URL

from tests.support.ledger import SUCCESS, Ledger, Slice, check, ct_slices, is_drained
from tests.support.node_process import Site, wait_until
from tests.support.strace import injecting

# A thread counts its own calls. `fsync` is the spool's, `fdatasync` SQLite's, `sendto` a statement
# or the commit on its way to PostgreSQL, `rename` an upload that is whole; `write` is bytes of a
# STOW to the spool, the answers, and the calls with which threads wake the loop in between.
POINTS = {
    "sqlite": (("fsync", 1), ("fsync", 3), ("fdatasync", 3), ("rename", 1), ("write", 30)),
    "postgresql": (("fsync", 2), ("rename", 1), ("sendto", 25), ("sendto", 60), ("write", 5)),
}
A_POINT = 4
_DELIVERED = {"stored", "duplicate"}


class Client:
    """Brings slices by STOW-RS and by tus in turn, as one who goes on through interruptions."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._url = URL(f"http://127.0.0.1:{site.settings.http.port}")
        self._who = {"Authorization": f"Bearer {site.token}"}
        self._ledger = ledger
        self._uploads: dict[str, str] = {}

    async def bring(self, slices: list[Slice]) -> None:
        """Bring them, again and again until all of it was answered with success."""
        async with ClientSession(self._url, headers=self._who) as session:
            while missing := [s for s in slices if s.uid not in self._ledger.kept]:
                for each in missing:
                    by = self._store if slices.index(each) % 2 else self._upload
                    self._ledger.sent[each.uid] = each.sha256
                    try:
                        self._ledger.record(each, await by(session, each))
                    except (ClientError, OSError):
                        self._ledger.record(each, None)
                        await asyncio.sleep(0.02)

    async def _store(self, session: ClientSession, each: Slice) -> int:
        kind = {"Content-Type": "application/dicom"}
        async with session.post("/dicomweb/studies", data=each.file, headers=kind) as answer:
            await answer.read()
            return SUCCESS if answer.status == 200 else answer.status

    async def _upload(self, session: ClientSession, each: Slice) -> int:
        """Go on where the upload stands, or begin it."""
        tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
        data, offset = each.file, 0
        if each.uid not in self._uploads:
            tus["Upload-Length"] = str(len(data))
            async with session.post("/api/uploads", headers=tus) as answer:
                if answer.status != 201:
                    return answer.status
                self._uploads[each.uid] = answer.headers["Location"]
        else:
            async with session.head(self._uploads[each.uid], headers=tus) as answer:
                assert answer.status == 200, "an upload that was answered is not known"
                offset = int(answer.headers["Upload-Offset"])
                if answer.headers.get("Upload-Outcome") in _DELIVERED:
                    return SUCCESS
            if offset == len(data):
                # All of it came, and nobody lived to take it in: it is brought anew.
                del self._uploads[each.uid]
                return 0xC000
        outcome: str | None = None
        for end in (len(data) // 2, len(data)):
            if offset < end:
                at = {**tus, "Upload-Offset": str(offset)}
                path = self._uploads[each.uid]
                async with session.patch(path, data=data[offset:end], headers=at) as answer:
                    if answer.status != 204:
                        return answer.status
                    offset = int(answer.headers["Upload-Offset"])
                    outcome = answer.headers.get("Upload-Outcome")
        return SUCCESS if outcome in _DELIVERED else 0xC000


async def test_what_was_promised_over_http_survives_a_kill_at_each_step(
    site: Site, database_url: str
) -> None:
    points = POINTS[database_url.partition(":")[0]]
    slices, ledger = ct_slices(A_POINT * len(points)), Ledger()
    web, client = site.role("web"), Client(site, ledger)
    for number, (syscall, when) in enumerate(points):
        await web.start()
        batch = slices[A_POINT * number : A_POINT * (number + 1)]
        with injecting(web.pid, syscall, f"signal=KILL:when={when}"):
            bringing = asyncio.create_task(client.bring(batch))
            try:
                assert await web.ended() == -9, (syscall, when)
            finally:
                bringing.cancel()
                await asyncio.wait({bringing})
                if not bringing.cancelled():
                    bringing.result()
        # Before anybody repairs anything: what was promised must be there already.
        await check(site, ledger)
    await web.start()
    async with asyncio.timeout(60):
        await client.bring(slices)
    assert ledger.kept == {each.uid for each in slices}
    await wait_until(lambda: is_drained(site), "the store to have everything")
    await check(site, ledger)
