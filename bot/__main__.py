"""The command line: `python -m bot run | demo | workspace | import | export | members | person | teams | jobs |
check | doctor | migrate | manifest | openapi`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import logs
from bot.logs import LogFormat
from bot.loop import run_loop
from bot.settings import DEMO_DATABASE, ProcessRole, Settings
from domain.members import Role

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()
errors = Console(stderr=True)
T = TypeVar("T")


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as invalid:
        for error in invalid.errors():
            errors.print(f"[red]{'.'.join(map(str, error['loc'])).upper()}[/red]: {error['msg']}")
        raise typer.Exit(2) from invalid


def _settings_with_data() -> Settings:
    """The settings; where nothing has been set up but the demonstration, its database is meant."""
    settings = _settings()
    demo_url = f"sqlite:///{DEMO_DATABASE}"
    untouched = settings.database_url == Settings.model_fields["database_url"].default
    if untouched and not Path(settings.database_url.removeprefix("sqlite:///")).exists() and DEMO_DATABASE.exists():
        errors.print(f"Using the demonstration's database, {DEMO_DATABASE}.")
        return settings.model_copy(update={"database_url": demo_url})
    return settings


def _run(main: Coroutine[Any, Any, T]) -> T:
    """Run a command; where a setting is missing, say which."""
    from bot.run import Misconfigured

    try:
        return run_loop(main)
    except Misconfigured as missing:
        errors.print(f"[red]{escape(str(missing))}[/red]")
        raise typer.Exit(2) from missing


@app.command()
def run(
    role: Annotated[
        list[ProcessRole] | None,
        typer.Option(help="What this process does; several may be named. ROLES otherwise, else everything."),
    ] = None,
    http: Annotated[
        bool | None,
        typer.Option("--http/--socket-mode", help="How Slack reaches the bot, whatever is set.", show_default=False),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where to listen over HTTP; WEB_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Its port; WEB_PORT otherwise.")] = None,
) -> None:
    """Run the bot against the Slack workspace of .env, until it is stopped.

    Slack reaches it over HTTP where SLACK_SIGNING_SECRET is set, else over Socket Mode. On PostgreSQL any number of
    processes share the work: edges answer people, workers work on the queues, clocks enqueue what is due.
    """
    from bot.run import run_until_stopped

    settings = _settings()
    logs.set_up(settings.log_level, settings.log_format)
    given = {"web_host": host, "web_port": port, "roles": frozenset(role) if role else None}
    chosen = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    _run(run_until_stopped(chosen, http=http))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="The page's port on this machine.")] = 8025,
    seed: Annotated[int, typer.Option(help="Another seed, another history.")] = 1,
    reps: Annotated[int, typer.Option(min=3, max=1000, help="How many work in inside sales.")] = 3,
    months: Annotated[int, typer.Option(min=1, max=60, help="How long they have worked until now.")] = 3,
    http: Annotated[bool, typer.Option("--http", help="Let the workspace reach the bot over HTTP.")] = False,
) -> None:
    """Start an embedded workspace with an invented team and its history, the bot in it, and print the page's address.

    The same seed on the same day gives the same history.
    """
    from bot.demo import Scale, run_demo

    logs.set_up("WARNING", LogFormat.TEXT)
    run_loop(run_demo(port, Scale(seed, reps, months), http=http))


@app.command()
def workspace(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.")] = 8025,
    manifest: Annotated[Path | None, typer.Option(help="A Slack app manifest (JSON) to install.")] = None,
    state: Annotated[Path | None, typer.Option(help="A file that keeps the state between runs.")] = None,
    page: Annotated[bool, typer.Option(help="Serve the page for people.")] = True,
    request_url: Annotated[
        str | None, typer.Option(help="Tell the app over HTTP, at this address on this machine.")
    ] = None,
    rate_limits: Annotated[bool, typer.Option("--rate-limits", help="Hold the app to Slack's rate limits.")] = False,
    team: Annotated[Path | None, typer.Option(help="A file (JSON) that describes the team.")] = None,
) -> None:
    """Start only the embedded Slack workspace; prints one line of JSON with its addresses and tokens."""
    from bot.workspace.http import RequestUrlError
    from bot.workspace.manifest import ManifestError
    from bot.workspace.server import serve
    from bot.workspace.team import TeamError

    try:
        serve(port, manifest, state, page, request_url, rate_limits, team)
    except (ManifestError, RequestUrlError, TeamError) as refused:
        errors.print(f"[red]{refused}[/red]")
        raise typer.Exit(2) from refused


@app.command(name="import")
def import_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV or TSV (UTF-8 or Shift_JIS), or an export.")
    ],
    team: Annotated[str | None, typer.Option(help="The team's Slack id, where there is more than one.")] = None,
    rejects: Annotated[Path | None, typer.Option(help="Where to write the rows that could not be read.")] = None,
    language: Annotated[str, typer.Option(help="ja or en.")] = "ja",
) -> None:
    """Import companies from a file, or all data of a team from an export.

    Importing the same companies twice changes nothing. An export is taken back where its team has no data.
    """
    from bot.commands import import_file
    from bot.exports import import_export
    from services.data.exports import is_export

    if is_export(file):
        raise typer.Exit(_run(import_export(_settings(), console, file, team)))
    raise typer.Exit(_run(import_file(_settings_with_data(), console, file, team, rejects, language)))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write; “-” is standard output.")],
    team: Annotated[str | None, typer.Option(help="The team's Slack id, where there is more than one.")] = None,
) -> None:
    """Write all data of a team into a file (JSON lines), which `import` takes back into another database.

    The bot may be at work meanwhile: the file holds what was there at one moment.
    """
    from bot.exports import export_file

    raise typer.Exit(_run(export_file(_settings_with_data(), errors, file, team)))


@app.command()
def members(
    slack_user: Annotated[str | None, typer.Argument(help="A Slack user id (U…); nobody lists everybody.")] = None,
    role: Annotated[Role | None, typer.Option(help="Give this person a role.")] = None,
    territory: Annotated[list[str] | None, typer.Option(help="Part of an address a field-sales rep covers.")] = None,
    industry: Annotated[list[str] | None, typer.Option(help="An industry a field-sales rep covers.")] = None,
    team: Annotated[str | None, typer.Option(help="The team's Slack id, where there is more than one.")] = None,
    name: Annotated[str | None, typer.Option(help="With --role: add somebody of this name, also a guest.")] = None,
) -> None:
    """List the members, or set one's role, territories and industries."""
    from bot.commands import list_or_change_members

    table = Table("Slack", "Name", "Role", "Territories", "Industries")
    code = _run(
        list_or_change_members(
            _settings_with_data(), errors, table, slack_user, role, territory or [], industry or [], team, name
        )
    )
    if code == 0:
        console.print(table)
    raise typer.Exit(code)


@app.command()
def roles(language: Annotated[str, typer.Option(help="ja or en.")] = "ja") -> None:
    """Print what each role may do."""
    from bot.roles import table

    typer.echo(table(language), nl=False)


@app.command()
def openapi() -> None:
    """Print what the bot's own server takes and answers, as an OpenAPI 3.1 description."""
    from bot.openapi import document

    typer.echo(json.dumps(document(), ensure_ascii=False, indent=2))


@app.command()
def person(
    text: Annotated[str, typer.Argument(help="A name, a mail address or a phone number.")] = "",
    team: Annotated[str | None, typer.Option(help="The team's Slack id, where there is more than one.")] = None,
    contact: Annotated[list[int] | None, typer.Option(help="Whom of those found; several are one person.")] = None,
    disclose: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write all that is held into this file.")
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Erase all that is held; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    columns: Annotated[bool, typer.Option("--columns", help="Print which columns hold personal data.")] = False,
) -> None:
    """Find a customer, and disclose or erase what is held about them.

    What stands in Slack and in calendars is rewritten by the bot when it runs.
    """
    from bot.person import find_or_handle, marks_table

    if columns:
        typer.echo(marks_table(), nl=False)
        return
    handled = find_or_handle(
        _settings_with_data(),
        console,
        text,
        team,
        contact or [],
        disclose,
        erase=erase,
        confirmed=lambda question: yes or typer.confirm(question),
    )
    raise typer.Exit(run_loop(handled))


@app.command()
def jobs(
    team: Annotated[str | None, typer.Option(help="Only this team's Slack id.")] = None,
) -> None:
    """List what the clock fires when, and when it last did."""
    from bot.commands import COLUMNS, list_jobs, show_jobs

    table = Table(*COLUMNS)
    code = _run(list_jobs(_settings_with_data(), errors, table, team))
    if code == 0:
        show_jobs(console, table)
    raise typer.Exit(code)


@app.command()
def teams() -> None:
    """List the workspaces: which use the bot, which have removed it, and when their data is erased."""
    from bot.teams import COLUMNS, list_teams

    table = Table(*COLUMNS)
    _run(list_teams(_settings_with_data(), table))
    console.print(table)


@app.command()
def migrate() -> None:
    """Bring the database to the newest version (every start does so too, where it may).

    With DATABASE_OWNER_URL it is done as that role, and the one of DATABASE_URL gets the rights that the bot needs.
    """
    from bot.run import migrate as migrated

    settings = _settings()

    async def main() -> None:
        await asyncio.to_thread(migrated, settings)

    _run(main())


@app.command()
def check(
    team: Annotated[str | None, typer.Option(help="The team's Slack id; all teams otherwise.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Count anew what differs.")] = False,
    anchor: Annotated[
        str | None, typer.Option(help="NUMBER:HASH of an earlier check or of the log: the audit log must lead there.")
    ] = None,
) -> None:
    """Check that the roll-ups of calls equal the calls, and that the audit log is as it was written; the exit code is 1
    when one is not."""
    from bot.check import check_audit, check_roll_ups

    settings = _settings_with_data()
    codes = (
        _run(check_roll_ups(settings, console, team, rebuild=rebuild)),
        _run(check_audit(settings, console, team, anchor)),
    )
    raise typer.Exit(max(codes))


@app.command()
def doctor(
    language: Annotated[str, typer.Option(help="ja or en.")] = "ja",
) -> None:
    """Check settings, database, Slack, mail and calendars; the exit code is 1 when something has to be mended."""
    from bot.doctor import examine

    raise typer.Exit(_run(examine(_settings(), console, language)))


@app.command()
def manifest(
    language: Annotated[str, typer.Option(help="ja or en.")] = "ja",
    http: Annotated[
        str | None, typer.Option(metavar="URL", help="Over HTTP: https://…/slack/events, where Slack reaches the bot.")
    ] = None,
    oauth: Annotated[
        str | None,
        typer.Option(metavar="URL", help="For many workspaces: PUBLIC_URL, where they install the app."),
    ] = None,
) -> None:
    """Print the Slack app manifest, to be pasted at api.slack.com under “From a manifest”."""
    from bot.app import all_routes
    from bot.manifest import manifest as made

    json.dump(made(all_routes(), language, http, oauth), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    # Databases and exports hold customers' data: other users of the machine have no business in them.
    os.umask(0o077)
    app()
