"""The words of the page's own chrome, in Japanese and English, and its way of writing dates.

What apps and people write is never translated; only what the page itself says is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

JA: Mapping[str, str] = {
    "accept": "はい",
    "app": "アプリ",
    "apps": "アプリ",
    "attach": "ファイルを添付",
    "attached": "添付ファイル",
    "bold": "太字",
    "bookmarks": "ブックマーク",
    "cancel": "キャンセル",
    "cards": "カード",
    "channels": "チャンネル",
    "choose": "選択してください",
    "choose_file": "ファイルを選ぶ",
    "clear": "選択を消す",
    "close": "閉じる",
    "code": "コード",
    "direct_messages": "ダイレクトメッセージ",
    "download": "ダウンロード",
    "drop_here": "ここにドロップして添付",
    "drop_or": "ここにドロップ、または",
    "edited": "（編集済み）",
    "failed": "うまくいきませんでした",
    "file_too_many": "添付できるファイルは{n}個までです",
    "full": "選べるのは{n}個までです",
    "history_start": "{name} の最初のメッセージです",
    "home": "ホーム",
    "home_empty": "このアプリのホームはまだありません",
    "home_empty_hint": "アプリがホームを公開すると、ここに表示されます。",
    "italic": "斜体",
    "list": "箇条書き",
    "members": "{n}人",
    "menu": "チャンネル一覧を開く",
    "message_app": "{name} へのメッセージ（/ でコマンド）",
    "message_channel": "#{name} へのメッセージ（/ でコマンド）",
    "message_group": "{name} へのメッセージ",
    "message_person": "{name} さんへのメッセージ",
    "message_self": "自分用のメモ",
    "messages": "メッセージ",
    "more": "その他",
    "more_actions": "その他の操作",
    "narrow": "ほかに{n}件あります。入力すると絞り込めます。",
    "new_below": "新しいメッセージ",
    "new_talk": "新しい会話",
    "no_messages": "まだメッセージはありません",
    "no_messages_hint": "最初のひとことを書いてみましょう。",
    "no_result": "見つかりませんでした",
    "join": "参加する",
    "not_member": "このチャンネルにはまだ参加していません。",
    "numbers": "番号つきの箇条書き",
    "only_you": "あなただけに表示されています",
    "optional": "（任意）",
    "people": "メンバーの切り替え",
    "pinned": "ピン留めされています",
    "quote": "引用",
    "react": "{name} でリアクション",
    "redrawn": "表示が新しくなりました。もう一度お試しください。",
    "remove": "{name} を外す",
    "replies": "{n}件の返信",
    "reply": "スレッドで返信する",
    "reply_placeholder": "返信する…",
    "required": "必須項目です",
    "search_hint": "入力して検索",
    "search_more": "あと{n}文字以上入力してください",
    "searching": "検索中…",
    "send": "送信",
    "send_hint": "Enter で送信 ・ Shift+Enter で改行",
    "shortcuts": "ショートカット",
    "show_older": "以前のメッセージを表示",
    "skip": "会話へ移動",
    "strike": "取り消し線",
    "submit": "送信",
    "task.complete": "完了",
    "task.error": "失敗",
    "task.in_progress": "進行中",
    "task.pending": "未着手",
    "thread": "スレッド",
    "to_newest": "最新のメッセージへ",
    "today": "今日",
    "unread": "未読{n}件",
    "unsupported": "この種類のブロックは表示できません: {type}",
    "uploading": "アップロード中…",
    "view_thread": "スレッドを表示",
    "yesterday": "昨日",
    "you": "自分",
    "role.is": "インサイドセールス",
    "role.fs": "フィールドセールス",
    "role.manager": "マネージャー",
    "role.marketing": "マーケティング",
    "role.cs": "カスタマーサクセス",
    "role.admin": "管理者",
}

EN: Mapping[str, str] = {
    "accept": "Yes",
    "app": "APP",
    "apps": "Apps",
    "attach": "Attach a file",
    "attached": "Attached files",
    "bold": "Bold",
    "bookmarks": "Bookmarks",
    "cancel": "Cancel",
    "cards": "Cards",
    "channels": "Channels",
    "choose": "Choose an option",
    "choose_file": "Choose a file",
    "clear": "Clear the selection",
    "close": "Close",
    "code": "Code",
    "direct_messages": "Direct messages",
    "download": "Download",
    "drop_here": "Drop to attach",
    "drop_or": "Drop here, or",
    "edited": "(edited)",
    "failed": "That did not work",
    "file_too_many": "At most {n} files can be attached",
    "full": "No more than {n} can be chosen",
    "history_start": "This is the very beginning of {name}",
    "home": "Home",
    "home_empty": "This app has no home yet",
    "home_empty_hint": "It appears here as soon as the app publishes one.",
    "italic": "Italic",
    "list": "Bulleted list",
    "members": "{n} members",
    "menu": "Open the channel list",
    "message_app": "Message {name} (/ for commands)",
    "message_channel": "Message #{name} (/ for commands)",
    "message_group": "Message {name}",
    "message_person": "Message {name}",
    "message_self": "Notes to yourself",
    "messages": "Messages",
    "more": "More",
    "more_actions": "More actions",
    "narrow": "{n} more: type to find them.",
    "new_below": "New messages",
    "new_talk": "New conversation",
    "no_messages": "No messages yet",
    "no_messages_hint": "Write the first one.",
    "no_result": "Nothing found",
    "join": "Join",
    "not_member": "You have not joined this channel yet.",
    "numbers": "Numbered list",
    "only_you": "Only visible to you",
    "optional": "(optional)",
    "people": "Switch member",
    "pinned": "Pinned",
    "quote": "Quote",
    "react": "React with {name}",
    "redrawn": "This has changed in the meantime. Please try again.",
    "remove": "Remove {name}",
    "replies": "{n} replies",
    "reply": "Reply in thread",
    "reply_placeholder": "Reply…",
    "required": "This is a required field",
    "search_hint": "Type to search",
    "search_more": "Type at least {n} more characters",
    "searching": "Searching…",
    "send": "Send",
    "send_hint": "Enter to send · Shift+Enter for a new line",
    "shortcuts": "Shortcuts",
    "show_older": "Show older messages",
    "skip": "Skip to the conversation",
    "strike": "Strikethrough",
    "submit": "Submit",
    "task.complete": "Done",
    "task.error": "Failed",
    "task.in_progress": "In progress",
    "task.pending": "To do",
    "thread": "Thread",
    "to_newest": "Jump to the latest",
    "today": "Today",
    "unread": "{n} unread",
    "unsupported": "This kind of block cannot be shown: {type}",
    "uploading": "Uploading…",
    "view_thread": "View thread",
    "yesterday": "Yesterday",
    "you": "you",
    "role.is": "Inside sales",
    "role.fs": "Field sales",
    "role.manager": "Manager",
    "role.marketing": "Marketing",
    "role.cs": "Customer success",
    "role.admin": "Admin",
}

# The sentences with which the workspace refuses a form or an act are English, as Slack's are over the wire; the page
# says them in the person's own language. Groups of the pattern fill the places of the sentence.
REFUSALS_JA: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"This is a required field\.?", "必須項目です"),
        (r"Please enter at least (\d+) characters", "{0}文字以上で入力してください"),
        (r"Please enter no more than (\d+) characters", "{0}文字以内で入力してください"),
        (r"Please enter a valid email address", "メールアドレスの形で入力してください"),
        (r"Please enter a valid URL", "URL の形で入力してください（https:// から）"),
        (r"Please enter a valid number", "数字で入力してください"),
        (r"Please enter a whole number", "整数で入力してください"),
        (r"Please enter a number greater than or equal to (\S+)", "{0}以上の数字を入力してください"),
        (r"Please enter a number less than or equal to (\S+)", "{0}以下の数字を入力してください"),
        (r"Select no more than (\d+) items", "選べるのは{0}個までです"),
        (r"We had some trouble connecting\. Try again\?", "接続に問題がありました。もう一度お試しください。"),
        (r"The app is not connected, so it could not be reached\.", "アプリが接続していないため、届きませんでした。"),
        (r"The app did not answer within 3 seconds\.", "アプリから3秒以内に応答がありませんでした。"),
        (r"A file can have at most 1 GB\.", "ファイルは1つ1GBまでです。"),
        (r"A message can have at most 12,000 characters\.", "メッセージは12,000文字までです。"),
        (r"You are not in #(\S+); join it first\.", "#{0} に参加していません。先に参加してください。"),
    )
)

WEEKDAYS = {
    "ja": "月火水木金土日",
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True)
class Voice:
    """How the page speaks to one person: their language and their clock."""

    language: str
    zone: ZoneInfo

    @classmethod
    def of(cls, language: str, zone: str) -> Voice:
        """A voice for a language code ('en' or anything else for Japanese) and an IANA zone name (unknown: UTC)."""
        try:
            clock = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            clock = ZoneInfo("UTC")
        return cls("en" if language.startswith("en") else "ja", clock)

    def say(self, key: str, **values: object) -> str:
        """The sentence of `key` in this language with its places filled."""
        sentence = (EN if self.language == "en" else JA)[key]
        return sentence.format(**values) if values else sentence

    def replies(self, count: int) -> str:
        """'3件の返信', '1 reply', '3 replies'."""
        if self.language == "en" and count == 1:
            return "1 reply"
        return self.say("replies", n=count)

    def member_count(self, count: int) -> str:
        """'12人', '1 member', '12 members'."""
        if self.language == "en" and count == 1:
            return "1 member"
        return self.say("members", n=count)

    def refusal(self, sentence: str) -> str:
        """A refusal in the person's language if it is one of the workspace's own sentences, else unchanged."""
        if self.language == "ja":
            for pattern, words in REFUSALS_JA:
                if found := pattern.fullmatch(sentence):
                    return words.format(*found.groups())
        return sentence

    def moment(self, ts: str | float) -> datetime:
        """A message's ts (or epoch seconds) as a datetime on the person's clock."""
        return datetime.fromtimestamp(float(ts), UTC).astimezone(self.zone)

    def clock(self, ts: str | float) -> str:
        """'14:05' for Japanese, '2:05 PM' for English."""
        moment = self.moment(ts)
        if self.language == "ja":
            return f"{moment.hour}:{moment.minute:02d}"
        return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'AM' if moment.hour < 12 else 'PM'}"

    def day(self, day: date, today: date) -> str:
        """'今日', '昨日', '9月12日（金）' or 'Friday, September 12'; with the year when it is not this one."""
        if day == today:
            return self.say("today")
        if (today - day).days == 1:
            return self.say("yesterday")
        if self.language == "ja":
            year = "" if day.year == today.year else f"{day.year}年"
            return f"{year}{day.month}月{day.day}日（{WEEKDAYS['ja'][day.weekday()]}）"
        year = "" if day.year == today.year else f", {day.year}"
        return f"{WEEKDAYS['en'][day.weekday()]}, {MONTHS_EN[day.month - 1]} {day.day}{year}"

    def full(self, ts: str | float) -> str:
        """Date and time in full, for tooltips and screen readers."""
        moment = self.moment(ts)
        if self.language == "ja":
            return (
                f"{moment.year}年{moment.month}月{moment.day}日 {moment.hour}:{moment.minute:02d}:{moment.second:02d}"
            )
        return f"{MONTHS_EN[moment.month - 1]} {moment.day}, {moment.year} at {self.clock(ts)}"

    def date_token(self, epoch: int, template: str) -> str:
        """Slack's <!date^epoch^template> in words: {date}, {date_num}, {date_short}, {date_long}, {time}, ..."""
        moment = self.moment(epoch)
        japanese = self.language == "ja"
        num = f"{moment:%Y-%m-%d}"
        if japanese:
            plain = f"{moment.year}年{moment.month}月{moment.day}日"
            short = plain
            long = f"{plain}（{WEEKDAYS['ja'][moment.weekday()]}）"
        else:
            month = MONTHS_EN[moment.month - 1]
            plain = f"{month} {moment.day}, {moment.year}"
            short = f"{month[:3]} {moment.day}, {moment.year}"
            long = f"{WEEKDAYS['en'][moment.weekday()]}, {plain}"
        clock = self.clock(epoch)
        seconds = f"{moment.hour}:{moment.minute:02d}:{moment.second:02d}"
        near = {0: self.say("today"), 1: self.say("yesterday")}.get((self.now().date() - moment.date()).days)
        words = {
            "date_num": num,
            "date_slash": f"{moment:%Y/%m/%d}",
            "date": plain,
            "date_short": short,
            "date_long": long,
            "date_pretty": near or plain,
            "date_short_pretty": near or short,
            "date_long_pretty": near or long,
            "time": clock,
            "time_secs": seconds,
            "day_divider_pretty": near or long,
            "ago": plain,
        }
        for name, word in words.items():
            template = template.replace("{" + name + "}", word)
        return template

    def now(self) -> datetime:
        """This moment on the person's clock; only for words like 'today'."""
        return datetime.now(self.zone)
