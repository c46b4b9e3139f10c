"""What an institution sees of what it sent and was refused."""

from pathlib import Path

from server.identity.models import Role
from tests.support.application import running_app, settings_for


async def test_an_institution_lists_its_own_refusals_page_by_page(
    tmp_path: Path, database_url: str
) -> None:
    async with running_app(settings_for(tmp_path, database_url)) as app:
        for number in range(3):
            await app.receive(b"no object %d" % number)
        await app.receive(b"another's", place="township2")
        office = await app.token("office", "township1", Role.MEDICAL_OFFICE)
        pages, after = [], ""
        while True:
            path = f"/api/quarantine?limit=2{after}"
            async with app.client.get(path, headers=office) as response:
                assert response.status == 200
                page = await response.json()
            pages.append(page["items"])
            if page["next"] is None:
                break
            after = f"&before={page['next']}"
    assert [len(items) for items in pages] == [2, 1]
    items = [item for items in pages for item in items]
    assert len({item["id"] for item in items}) == 3
    assert [item["received_at"] for item in items] == sorted(
        (item["received_at"] for item in items), reverse=True
    )
    assert {item["institution_id"] for item in items} == {app.institutions["township1"]}
    assert {item["reason"] for item in items} == {"not-dicom"}
    assert {item["size"] for item in items} == {len(b"no object 0")}
