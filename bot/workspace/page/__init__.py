"""The page of the embedded workspace: a team messenger in the browser, built with NiceGUI and nothing from outside.

`mount(app, workspace)` adds it to a FastAPI (or Starlette) application: `GET /` is the page, `/?as=U…` says whose,
`&channel=C…` which conversation. Everything a person does goes through `PersonClient`.

Hooks that stay the same, for browser tests and for people with scripts:

    data-channel="C…"        a row of the left column (also D… once a direct message exists); data-unread its number
    data-dm="U…"             a member's row, data-app="A…" the app's row
    data-ts="…"              a message; data-user its author; data-ephemeral="true" when only this person sees it
    data-block-id, data-action-id
                             on the interactive element itself: the <button>, <input>, <textarea>, the editable box of a
                             rich text, each radio button and checkbox, the text box (role=combobox) of every select;
                             a button that carries a value has it in data-value
    role="option" data-value a choice in an open select; role="menuitem" data-value in an overflow menu
    data-block="…"           the wrapper of a block, and with data-testid="field-error" the refusal under a field
    data-testid              workspace, team, me, person-switch (a[data-user="U…"] inside switches), menu,
                             conversation, channel-name, messages, composer, send, attach, file-input,
                             attached-file, show-older, only-you, mentions, join, thread, thread-close, tab-home,
                             tab-messages, home, home-empty, modal, modal-submit, modal-cancel, modal-close,
                             modal-notice, field-error, confirm, confirm-accept, confirm-deny, toast, bookmarks,
                             pinned, new-talk, assistant, assistant-status, assistant-prompt

An open modal carries data-view-id. A select's text box has data-value with the chosen values, joined by commas.
"""

from __future__ import annotations

from bot.workspace.page.mounting import mount

__all__ = ["mount"]
