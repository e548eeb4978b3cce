"""Companies: what finds them, in which order, and how they are added."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Code, Refused, Rejected
from services.deps import Actor, Deps
from services.targeting.accounts import AccountExists, NewAccount, create, find, get
from storage import account_search
from storage.tables import Account, AuditLog
from tests.services.office import Office

MAITAKE = NewAccount(
    name="株式会社　雪国まいたけ",
    corporate_number="1010001185037",
    reading="カブシキガイシャユキグニマイタケ",
    industry="水産・農林業",
    address="南魚沼市余川８９番地",
    website="https://www.kinoko-mura.co.jp/ir/",
    name_en="YUKIGUNI MAITAKE CO.,LTD.",
)


async def _names(deps: Deps, actor: Actor, text: str, limit: int = 20) -> list[str]:
    return [found.name for found in await find(deps, actor, text, limit)]


async def _add(deps: Deps, actor: Actor, *names: str | NewAccount) -> list[int]:
    return [
        await create(deps, actor, name if isinstance(name, NewAccount) else NewAccount(name), despite_duplicates=True)
        for name in names
    ]


# Finding


FINDS_MAITAKE = (
    "株式会社 雪国まいたけ",
    "雪",
    "国まい",
    "(株)雪国まいたけ",
    "雪國マイタケ",
    "ﾕｷｸﾞﾆ",
    "ゆきぐに",
    "まいたけ",
    "いた",
    "ぐ",
    "yukiguni",
    "YUKIGUNI",
    "ｙｕｋｉ",
    "guni",
    "yuukiguni",
    "maitake yuki",
    "雪国　まいたけ",
    "1010001185037",
    "1-0100-0118-5037",
    "１０１０００１１８５０３７",
    "0118",
    "kinoko-mura.co.jp",
    "kinoko",
    "https://www.kinoko-mura.co.jp/about?x=1",
    "kinoko-mura.c",
)


async def test_company_is_found_by_any_part_of_what_it_is_known_by(deps: Deps, office: Office) -> None:
    account_id, *_ = await _add(
        deps, office.sato, MAITAKE, NewAccount("株式会社白樺製作所", reading="シラカバセイサクショ")
    )
    found = {typed: [a.account_id for a in await find(deps, office.sato, typed)] for typed in FINDS_MAITAKE}
    assert found == {typed: [account_id] for typed in FINDS_MAITAKE}


@pytest.mark.parametrize("typed", ["", "ー", "%", "_", "|", "^", "雪国しいたけ", "雪国 椎茸", "x" * 500])
async def test_what_nobody_is_called_finds_nothing(deps: Deps, office: Office, typed: str) -> None:
    await _add(deps, office.sato, MAITAKE)
    assert await find(deps, office.sato, typed) == []


async def test_exact_name_comes_first_then_beginnings_then_word_starts_then_the_rest(
    deps: Deps, office: Office
) -> None:
    await _add(
        deps,
        office.sato,
        NewAccount("はるか星工業", name_en="Haruka Hoshi Industries"),
        "夜空のほし",
        NewAccount("星野", reading="ホシノ"),
        "ほしぞら観測",
        "ほしの",
        "株式会社ほし",
    )
    # In the name before in the reading; shorter names before longer ones.
    assert await _names(deps, office.sato, "ほし") == ["株式会社ほし", "ほしの", "ほしぞら観測", "星野", "夜空のほし"]
    assert await _names(deps, office.sato, "hosh") == ["星野", "株式会社ほし", "ほしの", "はるか星工業"]


async def test_limit_keeps_the_best(deps: Deps, office: Office) -> None:
    await _add(deps, office.sato, *(f"長い名前の明日{n}" for n in range(5)), "明日", "明日野")
    assert await _names(deps, office.sato, "明日", 2) == ["明日", "明日野"]
    assert await _names(deps, office.sato, "明日", 0) == []


async def test_order_holds_among_more_answers_than_are_read_at_once(
    deps: Deps, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{'あ' * (n % 17)}東京{'い' * (n % 5)}" for n in range(60)]
    await _add(deps, office.sato, *names)
    expected = {typed: await _names(deps, office.sato, typed, 100) for typed in ("東", "東京", "い", "tokyo")}
    monkeypatch.setattr(account_search, "_FEW", 3)
    for typed, whole in expected.items():
        assert await _names(deps, office.sato, typed, 100) == whole
        assert await _names(deps, office.sato, typed, 7) == whole[:7]
    begins = [name for name in expected["東京"] if name.startswith("東京")]
    assert expected["東京"][: len(begins)] == begins
    rest = [len(name) for name in expected["東京"][len(begins) :]]
    assert rest == sorted(rest)
    assert len(expected["東京"]) == 60


async def test_other_teams_companies_are_not_found(deps: Deps, office: Office, neighbours: Office) -> None:
    await _add(deps, neighbours.sato, MAITAKE)
    assert await find(deps, office.sato, "雪国") == []
    assert await _names(deps, neighbours.sato, "雪国") == ["株式会社 雪国まいたけ"]


async def test_teams_whose_numbers_collide_stay_apart(
    deps: Deps, office: Office, neighbours: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_search, "crc32", lambda _: 7)
    await _add(deps, office.sato, "雪国まいたけ")
    await _add(deps, neighbours.sato, "雪国しめじ")
    assert await _names(deps, office.sato, "雪国") == ["雪国まいたけ"]
    assert await _names(deps, neighbours.sato, "雪国") == ["雪国しめじ"]


HOSTILE = [
    '"',
    '" OR grams:*',
    "NEAR(a b)",
    "a* AND",
    "^a",
    "-a",
    "{grams}:a",
    "a:b",
    "'; DROP TABLE accounts; --",
    "\\",
    "%_",
]


async def test_no_text_breaks_the_search(deps: Deps, office: Office) -> None:
    await _add(deps, office.sato, MAITAKE)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.one_of(st.text(max_size=30), st.sampled_from(HOSTILE), st.text(alphabet='"*():^-{}a ゆ|_#\0', max_size=20))
    )
    def search(typed: str) -> None:
        found = asyncio.run_coroutine_threadsafe(find(deps, office.sato, typed), loop).result(30)
        assert len(found) <= 2

    loop = asyncio.get_running_loop()
    await asyncio.to_thread(search)


# Adding


async def test_new_company_is_saved_and_written_down(deps: Deps, office: Office) -> None:
    account_id = await create(deps, office.sato, MAITAKE)
    shown = await get(deps, office.sato, account_id)
    assert (shown.name, shown.corporate_number, shown.industry) == (
        "株式会社 雪国まいたけ",
        "1010001185037",
        "水産・農林業",
    )
    async with deps.reading("T1") as session:
        log = (await session.scalars(sa.select(AuditLog).where(AuditLog.action == "account.create"))).one()
    assert (log.subject, log.member_id, log.detail) == (
        f"accounts:{account_id}",
        office.sato.member_id,
        {"name": "株式会社 雪国まいたけ"},
    )


@pytest.mark.parametrize("name", ["雪国まいたけ株式会社", "㈱雪國マイタケ", "（有）ﾕｷ国まいたけ"])
async def test_company_of_the_same_name_is_shown_before_saving(deps: Deps, office: Office, name: str) -> None:
    (account_id,) = await _add(deps, office.sato, NewAccount("雪国マイタケ" if "ﾕｷ" not in name else "ゆき国 まいたけ"))
    with pytest.raises(AccountExists) as refused:
        await create(deps, office.sato, NewAccount(name))
    assert (refused.value.code, refused.value.field) == (Code.DUPLICATE, "name")
    assert [found.account_id for found in refused.value.accounts] == [account_id]
    assert await create(deps, office.sato, NewAccount(name), despite_duplicates=True) != account_id


async def test_company_of_another_name_is_saved_at_once(deps: Deps, office: Office) -> None:
    (account_id,) = await _add(deps, office.sato, MAITAKE)
    assert await create(deps, office.sato, NewAccount("雪国まいたけ販売株式会社")) != account_id


async def test_corporate_number_is_never_given_twice(deps: Deps, office: Office, neighbours: Office) -> None:
    account_id = await create(deps, office.sato, MAITAKE)
    other = NewAccount("別の会社", corporate_number="１０１０００１１８５０３７")
    for despite in (False, True):
        with pytest.raises(AccountExists) as refused:
            await create(deps, office.sato, other, despite_duplicates=despite)
        assert refused.value.field == "corporate_number"
        assert [found.account_id for found in refused.value.accounts] == [account_id]
    assert await create(deps, neighbours.sato, other)


async def test_companies_without_number_have_nothing_in_common(deps: Deps, office: Office) -> None:
    await create(deps, office.sato, NewAccount("白樺製作所"))
    assert await create(deps, office.sato, NewAccount("黒松製作所"))


async def test_two_who_add_one_company_at_once_make_one(deps: Deps, office: Office) -> None:
    done = await asyncio.gather(*(create(deps, office.sato, MAITAKE) for _ in range(5)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["AccountExists"] * 4 + ["int"]
    async with deps.reading("T1") as session:
        count = await session.scalar(sa.select(sa.func.count()).where(Account.corporate_number == "1010001185037"))
    assert count == 1


@pytest.mark.parametrize(
    ("new", "refusals"),
    [
        (NewAccount(" "), [("required", "name")]),
        (NewAccount("・・・"), [("invalid", "name")]),
        (NewAccount("雪" * 201), [("too_long", "name")]),
        (NewAccount("雪", corporate_number="123"), [("invalid", "corporate_number")]),
        (NewAccount("", corporate_number="2010001185037"), [("required", "name"), ("invalid", "corporate_number")]),
    ],
)
async def test_every_wrong_field_is_named(
    deps: Deps, office: Office, new: NewAccount, refusals: list[tuple[str, str]]
) -> None:
    with pytest.raises(Rejected) as rejected:
        await create(deps, office.sato, new)
    assert [(r.code.value, r.field) for r in rejected.value.refusals] == refusals


async def test_name_is_saved_without_what_no_database_keeps(deps: Deps, office: Office) -> None:
    account_id = await create(deps, office.sato, NewAccount("雪国\0　 まいたけ\n"))
    assert (await get(deps, office.sato, account_id)).name == "雪国 まいたけ"


async def test_unknown_company_is_not_found(deps: Deps, office: Office, neighbours: Office) -> None:
    account_id = await create(deps, neighbours.sato, MAITAKE)
    for wanted in (account_id, 10**9):
        with pytest.raises(Refused) as refused:
            await get(deps, office.sato, wanted)
        assert refused.value.code is Code.NOT_FOUND
