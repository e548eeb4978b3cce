"""Companies: what finds them, in which order, and how they are added."""

from __future__ import annotations

import pytest

from services.deps import Deps
from services.targeting.accounts import NewAccount, create, find
from tests.services.office import Office

MAITAKE = NewAccount(
    name="株式会社　雪国まいたけ",
    corporate_number="1010001185037",
    reading="カブシキガイシャユキグニマイタケ",
    industry="水産・農林業",
    address="南魚沼市余川８９番地",
    website="https://www.maitake.co.jp/ir/",
    name_en="YUKIGUNI MAITAKE CO.,LTD.",
)


async def _names(deps: Deps, office: Office, text: str, limit: int = 20) -> list[str]:
    return [found.name for found in await find(deps, office.sato, text, limit)]


@pytest.mark.parametrize(
    "typed",
    [
        "株式会社 雪国まいたけ",
        "雪",
        "国まい",
        "(株)雪国まいたけ",
        "雪國マイタケ",
        "ﾕｷｸﾞﾆ",
        "ゆきぐに",
        "まいたけ",
        "いた",
        "yukiguni",
        "YUKIGUNI",
        "ｙｕｋｉ",
        "guni",
        "maitake yuki",
        "雪国　まいたけ",
        "1010001185037",
        "1-0100-0118-5037",
        "１０１０００１１８５０３７",
        "0118",
        "maitake.co.jp",
        "https://www.maitake.co.jp/about?x=1",
    ],
)
async def test_company_is_found_by_any_part_of_what_it_is_known_by(deps: Deps, office: Office, typed: str) -> None:
    account_id = await create(deps, office.sato, MAITAKE)
    await create(deps, office.sato, NewAccount("株式会社白川製作所", reading="シラカワセイサクショ"))
    assert [found.account_id for found in await find(deps, office.sato, typed)] == [account_id]
