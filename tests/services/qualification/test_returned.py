"""What field sales gave back lately."""

from __future__ import annotations

from datetime import timedelta

from domain.leads import Stage
from domain.qualification.handoff import ReturnReason
from services.qualification import handoff, returned
from tests.services.office import Office


async def test_returns_of_the_last_days_are_shown_to_whom_they_concern(office: Office, neighbours: Office) -> None:
    posted = await office.handed_off()
    await handoff.return_(office.deps, office.ito, posted.handoff_id, ReturnReason.TOO_EARLY, "来期から")
    await handoff.return_(
        neighbours.deps, neighbours.ito, (await neighbours.handed_off()).handoff_id, ReturnReason.NO_NEED, ""
    )
    own = await returned.lately(office.deps, office.sato)
    assert (own.count, own.everybody) == (1, False)
    (found,) = own.newest
    assert (found.returned.reason, found.returned.comment) == (ReturnReason.TOO_EARLY, "来期から")
    assert (found.lead_id, found.stage, found.sender) == (posted.lead_id, Stage.WORKING, "sato")
    assert (await returned.lately(office.deps, office.suzuki)).count == 0
    everybodys = await returned.lately(office.deps, office.mori)
    assert (everybodys.count, everybodys.everybody) == (1, True)
    office.clock.now += timedelta(days=returned.DAYS + 1)
    assert (await returned.lately(office.deps, office.sato)).count == 0
