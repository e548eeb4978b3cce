"""What the app answers to a command, a submission, a suggestion or through a response_url, and its effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.workspace import blockkit, posting, viewing
from bot.workspace.messages import Conversation, Message
from bot.workspace.screen import shown_view
from bot.workspace.state import Workspace
from bot.workspace.triggers import ResponseAddress
from bot.workspace.views import View

_TROUBLE = "We had some trouble connecting. Try again?"


class AnswerError(Exception):
    """The answer is not one Slack takes; `code` is Slack's, `problems` its messages."""

    def __init__(self, code: str, problems: list[str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.problems = problems or []


def _checked_content(answer: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]] | None, list[dict[str, Any]] | None]:
    blocks, attachments = answer.get("blocks"), answer.get("attachments")
    text = answer.get("text")
    if text is not None and not isinstance(text, str):
        raise AnswerError("invalid_payload")
    if blocks is not None:
        code, problems = blockkit.message_problems(blocks)
        if code is not None:
            raise AnswerError(code, [problem.written() for problem in problems])
    if not text and not blocks and not attachments:
        raise AnswerError("no_text")
    return text or "", blocks, attachments


def apply_command_answer(
    workspace: Workspace, conversation: Conversation, user: str, command: str, answer: Any
) -> Message | None:
    """Posts what came with the acknowledgement of a command; None where nothing did."""
    if answer is None or answer == "" or answer == {}:
        return None
    if isinstance(answer, str):
        answer = {"text": answer}
    try:
        if not isinstance(answer, Mapping):
            raise AnswerError("invalid_payload")
        text, blocks, attachments = _checked_content(answer)
    except AnswerError as error:
        workspace.refuse(f"{command}: {error.code} {'; '.join(error.problems)}")
        return posting.post_ephemeral(
            workspace, conversation, user, f"{command} failed with the error “{error.code}”", author="USLACKBOT"
        )
    if answer.get("response_type") == "in_channel":
        return posting.post(workspace, conversation, workspace.bot_user, text, blocks=blocks, attachments=attachments)
    return posting.post_ephemeral(workspace, conversation, user, text, blocks=blocks, attachments=attachments)


def apply_response(workspace: Workspace, address: ResponseAddress, answer: Mapping[str, Any]) -> None:
    """Does what was sent to a response_url. Raises `AnswerError`; only what succeeds counts as a use."""
    conversation = workspace.conversations[address.channel]
    original = conversation.seen_by(address.user, address.message_ts) if address.message_ts else None
    if answer.get("delete_original"):
        if original is not None:
            posting.delete(workspace, conversation, original)
        address.uses += 1
        return
    text, blocks, attachments = _checked_content(answer)
    thread_ts = answer.get("thread_ts")
    if thread_ts is not None and thread_ts not in conversation.messages:
        raise AnswerError("thread_not_found")
    replace = answer.get("replace_original", False)
    if replace and original is not None:
        posting.edit(
            workspace, conversation, original, text=text, blocks=blocks or [], attachments=attachments or [], quiet=True
        )
    elif answer.get("response_type") == "in_channel":
        posting.post(
            workspace,
            conversation,
            workspace.bot_user,
            text,
            blocks=blocks,
            attachments=attachments,
            thread_ts=thread_ts,
        )
    else:
        made = posting.post_ephemeral(
            workspace, conversation, address.user, text, blocks=blocks, attachments=attachments, thread_ts=thread_ts
        )
        if address.message_ts is None:
            # A later replace_original through the same address means the answer it brought.
            address.message_ts = made.ts
    address.uses += 1


def apply_submission_answer(workspace: Workspace, view: View, answer: Any) -> tuple[dict[str, Any], list[View]]:
    """Does what an app answered to a submission: the result for the person, and the views that were cleared away."""
    try:
        return _submission(workspace, view, answer)
    except AnswerError as error:
        code, problems = error.code, error.problems
    except viewing.ViewError as error:
        code, problems = error.code, []
    workspace.refuse(f"view_submission {view.callback_id}: {code} {'; '.join(problems)}")
    view.notice = _TROUBLE
    workspace.touch((view.user,))
    return {"result": "failed", "error": _TROUBLE, "reason": code, "messages": problems, "view": shown_view(view)}, []


def _submission(workspace: Workspace, view: View, answer: Any) -> tuple[dict[str, Any], list[View]]:
    if view.id not in workspace.views.views:
        # Closed or replaced while the app was thinking: there is nothing left to change.
        return {"result": "closed", "view": None}, []
    if answer is None or answer == "" or answer == {}:
        workspace.views.pop(view)
        workspace.touch((view.user,))
        top = workspace.views.top(view.user)
        return {"result": "closed", "view": shown_view(top) if top is not None else None}, []
    if not isinstance(answer, Mapping):
        raise AnswerError("invalid_payload")
    match answer.get("response_action"):
        case "clear":
            # The submitted view itself was not closed by the person, so it is not reported as closed.
            gone = [one for one in workspace.views.clear(view.user) if one is not view]
            workspace.touch((view.user,))
            return {"result": "closed", "view": None}, gone
        case "errors":
            view.errors = _checked_errors(view, answer.get("errors"))
            workspace.touch((view.user,))
            return {"result": "errors", "errors": dict(view.errors), "view": shown_view(view)}, []
        case "update":
            described = _checked_view(answer.get("view"))
            viewing.update(workspace, view, described)
            return {"result": "updated", "view": shown_view(view)}, []
        case "push":
            pushed = viewing.push_modal(workspace, view.user, _checked_view(answer.get("view")))
            return {"result": "pushed", "view": shown_view(pushed)}, []
    raise AnswerError("invalid_response_action")


def _checked_errors(view: View, errors: Any) -> dict[str, str]:
    if not isinstance(errors, Mapping) or not errors:
        raise AnswerError("invalid_errors", ["errors must be an object with block_ids of inputs as its keys"])
    inputs = {block["block_id"] for block in view.blocks if block.get("type") == "input"}
    for block_id, sentence in errors.items():
        if block_id not in inputs:
            raise AnswerError("invalid_errors", [f"{block_id} is not the block_id of an input block"])
        if not isinstance(sentence, str) or not sentence:
            raise AnswerError("invalid_errors", [f"the error of {block_id} must be a text"])
    return dict(errors)


def _checked_view(described: Any) -> dict[str, Any]:
    code, problems = blockkit.view_problems(described, ("modal",))
    if code is not None:
        raise AnswerError(code, [problem.written() for problem in problems])
    return dict(described)


def read_options(workspace: Workspace, place: str, key: tuple[str, str], answer: Any) -> dict[str, Any]:
    """The options or option groups an app suggests, remembered so that one of them can be chosen."""
    if not isinstance(answer, Mapping):
        answer = {}
    problems = blockkit.suggestion_problems(answer)
    if problems:
        written = [problem.written() for problem in problems]
        workspace.refuse(f"block_suggestion {key[1]}: {'; '.join(written)}")
        return {"ok": False, "error": "The app's suggestions could not be read.", "messages": written, "options": []}
    groups = answer.get("option_groups")
    options = (
        [option for group in groups for option in group["options"]] if groups else list(answer.get("options") or ())
    )
    known = workspace.views.offered.setdefault(place, {}).setdefault(key, {})
    # People see what the app said; what they choose of it comes back to the app as Slack stores it.
    known.update({option["value"]: posting.as_stored(option) for option in options})
    return {"ok": True, "option_groups": groups} if groups else {"ok": True, "options": options}
