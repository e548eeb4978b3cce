"""Shortcodes of the emoji that teams use most, with their characters; unknown ones stay as they were typed."""

from __future__ import annotations

import re

_TABLE = """
+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 clap 👏 wave 👋 pray 🙏 raised_hands 🙌 muscle 💪 ok_hand 👌 point_up ☝️
point_right 👉 point_left 👈 point_down 👇 point_up_2 👆 handshake 🤝 eyes 👀 raised_hand ✋ v ✌️ bow 🙇
bowing_man 🙇‍♂️ bowing_woman 🙇‍♀️ smile 😄 smiley 😃 grinning 😀 grin 😁 laughing 😆 joy 😂 rofl 🤣 blush 😊
slightly_smiling_face 🙂 wink 😉 heart_eyes 😍 thinking_face 🤔 neutral_face 😐 sweat 😓 sweat_smile 😅 cry 😢
sob 😭 angry 😠 rage 😡 scream 😱 sunglasses 😎 sleepy 😪 tired_face 😫 disappointed 😞 worried 😟 relieved 😌
partying_face 🥳 innocent 😇 heart ❤️ orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙 purple_heart 💜
broken_heart 💔 sparkles ✨ star ⭐ star2 🌟 fire 🔥 tada 🎉 confetti_ball 🎊 100 💯 boom 💥 zap ⚡ bulb 💡 rocket 🚀
trophy 🏆 medal 🏅 sports_medal 🏅 first_place_medal 🥇 second_place_medal 🥈 third_place_medal 🥉 dart 🎯 gift 🎁
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ warning ⚠️
rotating_light 🚨 no_entry ⛔ no_entry_sign 🚫 question ❓ grey_question ❔ exclamation ❗ heavy_exclamation_mark ❗
grey_exclamation ❕ bangbang ‼️ information_source ℹ️ o ⭕ red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡
large_green_circle 🟢 large_blue_circle 🔵 large_purple_circle 🟣 white_circle ⚪ black_circle ⚫ large_blue_square 🟦
large_green_square 🟩 large_red_square 🟥 large_yellow_square 🟨 white_large_square ⬜ black_large_square ⬛
small_blue_diamond 🔹 small_orange_diamond 🔸 arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️ arrow_down ⬇️
arrow_upper_right ↗️ arrow_lower_right ↘️ arrows_counterclockwise 🔄 repeat 🔁 leftwards_arrow_with_hook ↩️
fast_forward ⏩ rewind ⏪ heavy_plus_sign ➕ heavy_minus_sign ➖ one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣
seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟 zero 0️⃣ new 🆕 ok 🆗 free 🆓 sos 🆘 up 🆙 cool 🆒
phone ☎️ telephone ☎️ telephone_receiver 📞 iphone 📱 calling 📲 email ✉️ envelope ✉️ e-mail 📧 incoming_envelope 📨
envelope_with_arrow 📩 inbox_tray 📥 outbox_tray 📤 mailbox 📫 mailbox_with_mail 📬 postbox 📮 package 📦 memo 📝
pencil 📝 pencil2 ✏️ lower_left_fountain_pen 🖋️ clipboard 📋 page_facing_up 📄 page_with_curl 📃 bookmark_tabs 📑
file_folder 📁 open_file_folder 📂 card_index 📇 card_file_box 🗃️ wastebasket 🗑️ bar_chart 📊 chart 💹
chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 calendar 📆 date 📅 spiral_calendar_pad 🗓️
clock1 🕐 clock9 🕘 clock10 🕙 clock3 🕒 hourglass ⌛ hourglass_flowing_sand ⏳ stopwatch ⏱️ timer_clock ⏲️
alarm_clock ⏰ watch ⌚ bell 🔔 no_bell 🔕 loudspeaker 📢 mega 📣 speaker 🔈 microphone 🎤 headphones 🎧
speech_balloon 💬 thought_balloon 💭 left_speech_bubble 🗨️
mag 🔍 mag_right 🔎 lock 🔒 unlock 🔓 key 🔑 link 🔗 paperclip 📎
pushpin 📌 round_pushpin 📍 triangular_flag_on_post 🚩 checkered_flag 🏁 crossed_flags 🎌 wrench 🔧 hammer 🔨 gear ⚙️
hammer_and_wrench 🛠️ toolbox 🧰 shield 🛡️ computer 💻 desktop_computer 🖥️ printer 🖨️ floppy_disk 💾 battery 🔋
electric_plug 🔌 books 📚 book 📖 notebook 📓 newspaper 📰 moneybag 💰 money_with_wings 💸 credit_card 💳 yen 💴
dollar 💵 euro 💶 office 🏢 factory 🏭 bank 🏦 hospital 🏥 school 🏫 house 🏠 department_store 🏬 convenience_store 🏪
japan 🗾 jp 🇯🇵 us 🇺🇸 earth_asia 🌏 globe_with_meridians 🌐 world_map 🗺️ train 🚆 bullettrain_side 🚄 airplane ✈️ car 🚗
taxi 🚕 bus 🚌 truck 🚚 bike 🚲 man 👨 woman 👩 bust_in_silhouette 👤 busts_in_silhouette 👥 family 👪 necktie 👔
briefcase 💼 construction_worker 👷 technologist 🧑‍💻 robot_face 🤖 ghost 👻 sunny ☀️ cloud ☁️ umbrella ☔ snowflake ❄️
rainbow 🌈 crescent_moon 🌙 coffee ☕ tea 🍵 beer 🍺 beers 🍻 sushi 🍣 bento 🍱 rice_ball 🍙 ramen 🍜 cake 🍰
birthday 🎂 cherry_blossom 🌸 bouquet 💐 seedling 🌱 evergreen_tree 🌲
herb 🌿 four_leaf_clover 🍀 maple_leaf 🍁 cat 🐱 dog 🐶
bear 🐻 rabbit 🐰 snail 🐌 turtle 🐢 bug 🐛 crown 👑 gem 💎 recycle ♻️ anchor ⚓ compass 🧭 puzzle_piece 🧩 label 🏷️
infinity ♾️ play_or_pause_button ⏯️ bridge_at_night 🌉 sunrise 🌅 eye 👁️ dizzy 💫 thread 🧵 receipt 🧾 scales ⚖️
"""

_words = _TABLE.split()
EMOJI: dict[str, str] = dict(zip(_words[::2], _words[1::2], strict=True))
SHORTCODE = re.compile(r":([a-z0-9_+\-]+)(?:::skin-tone-[2-6])?:")


def with_emoji(text: str) -> str:
    """The text with known shortcodes replaced by their characters."""
    return SHORTCODE.sub(lambda found: EMOJI.get(found[1], found[0]), text)
