"""Chinese: logging in and out, accounts, devices, what became of a session."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # Login ---------------------------------------------------------------------------------------------------------
    "login.phone": (
        "📱 <b>你的手机号</b>\n\n"
        "请发送你的 Telegram 账号的手机号，带国家代码，例如 <code>+86 138 0013 8000</code>。"
        "我会立刻删除你的消息。\n\n"
        "手边有第二块屏幕？用二维码就不需要手机号。"
    ),
    "login.phone_again": "这不是手机号。请带国家代码发送，例如 <code>+86 138 0013 8000</code>。",
    "login.code": (
        "🔢 <b>输入验证码</b>\n\n"
        "{where}\n"
        "⏳ 大约 {left} 内有效。\n\n"
        "⚠️ 请点击下面的数字。<b>千万不要在任何聊天里输入或转发验证码</b>，否则 Telegram 会让它失效。\n\n"
        "<code>{entered}</code>"
    ),
    "login.code_resent": "🔁 新的验证码已发出，只有最新的有效。",
    "login.where.app": "Telegram 已把它发到你的 Telegram 应用：打开名为“Telegram”的聊天。",
    "login.where.sms": "Telegram 已用短信发给你。",
    "login.where.call": "Telegram 会打电话把验证码念给你。",
    "login.where.flash_call": "Telegram 会给你打电话：验证码是来电号码的末尾几位。",
    "login.where.missed_call": "Telegram 会给你打电话：验证码是来电号码的末尾几位。",
    "login.where.email": "Telegram 已发到你账号的邮箱。",
    "login.where.fragment": "Telegram 已发到你在 Fragment 上的匿名号码。",
    "login.where.other": "Telegram 已发给你。",
    "login.resend_wait": "{seconds} 后可以请求新验证码。",
    "login.code_wrong": "❌ 验证码不对。请看 Telegram 发来的最新消息。",
    "login.code_expired": "⌛ 这个验证码已失效，请请求新的。",
    "login.code_typed": (
        "🚫 <b>请不要打字输入验证码。</b>\n\n"
        "只要登录验证码出现在任何聊天里，Telegram 就会让它失效，加空格、横线或字母也没有用。"
        "这个验证码多半已经失效。我已删除你的消息；请请求新的验证码，并在键盘上点击输入。"
    ),
    "login.keypad_please": "请在上面的键盘上点击验证码，不要在这里打字输入。",
    "login.busy": "登录正在进行，请在下面继续。",
    "login.qr": (
        "🔳 <b>扫描二维码</b>\n\n"
        "在已登录的手机上：Telegram › 设置 › 设备 › <b>关联桌面设备</b>，把摄像头对准这里。\n\n"
        "⏳ 图片会在 {left} 后自动更新。"
    ),
    "login.qr_waiting": "上面的图片正在等你扫描。",
    "login.password": (
        "🔒 <b>两步验证密码</b>\n\n你的账号还有第二个密码。请现在发送；我会立刻删除你的消息，也不会保存密码。"
    ),
    "login.hint": "提示：<b>{hint}</b>",
    "login.password_wrong": "❌ 密码不对，请再试一次。",
    "login.done": "🎉 <b>登录成功</b>：<b>{account}</b>。",
    "login.already": "你已经登录：<b>{account}</b>。",
    "login.cancelled": "登录已停止，什么都没有保存。/login 可重新开始。",
    "login.timeout": "⌛ 登录时间太长，已停止。/login 可重新开始。",
    "login.restarted": "登录过程中我被重启了，在这里继续。",
    "login.not_deleted": "我无法删除你的消息，请你自己删除。",
    # Logout --------------------------------------------------------------------------------------------------------
    "logout.ask": (
        "🚪 <b>要登出吗？</b>\n\n我会在 Telegram 登出 <b>{account}</b>，并删除保存的会话。"
        "你的配对会保留，等你再次登录后继续。"
    ),
    "logout.done": "👋 <b>已登出。</b>\n\n{report}",
    "logout.kept": "好的，保持登录。",
    "logout.none": "你还没有登录。发送 /login 开始。",
    "report.telegram": "✅ 已在 Telegram 登出",
    "report.telegram_failed": "⚠️ 无法通知 Telegram。请自己结束：Telegram › 设置 › 设备 › <b>{device}</b>",
    "report.session": "✅ 保存的会话已删除",
    "report.part_failed": "⚠️ 未能删除：{part}。请稍后再试。",
    "report.pairs": "✅ 已删除配对：{count}",
    "report.backups": "ℹ️ 之前的加密备份：{count} 个。它们在被新备份取代之前仍含有副本；其中的内容不会自行恢复",
    "report.profile": "✅ 设置和本聊天的状态已删除",
    "report.consent": "✅ 你的同意记录已删除",
    # Accounts and devices ------------------------------------------------------------------------------------------
    "accounts.title": "👤 <b>你的账号</b>（{count}）",
    "accounts.none": "👤 你还没有在这里登录任何 Telegram 账号。",
    "accounts.line": "<b>{number}.</b> {account}\n     {state}",
    "accounts.choose": "点数字查看详情。每个账号有自己的登录和自己的配对。",
    "accounts.one": "👤 <b>{account}</b>",
    "accounts.pairs": "配对：{pairs} 个",
    "account.gone": "这个账号已不在这里登录。",
    "logout.choose": "🚪 要登出哪个账号？",
    "devices.choose_account": "📱 查看哪个账号的设备？",
    "devices.title": "📱 <b>{account} 的设备</b>（{count}）",
    "devices.this": "<b>{number}. {device}</b>（本机器人）",
    "devices.line": "<b>{number}.</b> {device}",
    "devices.facts": "{place} · {active}",
    "devices.choose": "点 ✖️ 和数字即可结束那个登录。",
    "devices.only": "这个账号没有在别处登录。",
    "devices.ask": "✖️ <b>结束这个登录吗？</b>\n\n{device}，{country}\n\n使用它的人会从 <b>{account}</b> 登出。",
    "devices.ended": "✅ 已结束：{device}",
    "devices.gone": "那个登录已不存在。",
    # What happened to a session ------------------------------------------------------------------------------------
    "news.frozen": (
        "❄️ Telegram 冻结了你的账号：它只能读，不能写。我会保持登录，它的配对先停下。"
        "要申诉，请用这个账号联系 {appeal}。恢复后我会告诉你。"
    ),
    "news.frozen_until": "如果不申诉，Telegram 将在 {until}（{left}）删除这个账号。",
    "news.thawed": "🟢 Telegram 已恢复你的账号，又可以写了。请在 /pairs 里让它的配对继续。",
    "news.unused": (
        "💤 很久没有人在这里使用你的账号了，我将在 {until}（{left}）把它登出。配对会保留。"
        "如果想保持登录，请按下面的按钮。"
    ),
    "news.cleaned": (
        "💤 因为 {days} 天没有人在这里使用，我已把你的账号登出。设置和配对都保留着；/login 后会从停下的地方继续。"
    ),
    "news.kept": "✅ 好的，你的账号保持登录。",
    "advice.duplicated": (
        "是你在别的程序里用了同一个会话吗？请先停掉那一个。如果不是你，请结束所有不认识的设备：Telegram › 设置 › 设备。"
    ),
    "advice.revoked": "如果不是你自己结束的，请检查 Telegram › 设置 › 设备。",
    "advice.deactivated": "/forget_me 会删除我保存的有关它的一切。",
    "advice.banned": "要申诉，请写信到 recover@telegram.org，并附上账号的电话号码。",
    "advice.mismatch": "没有用它做任何事。请告诉这个机器人的运营者。",
    "admin.title": "🛠 <b>给运营者</b>",
    "admin.over": "🔴 <code>{user}</code>：登录已结束（{reason}）",
    "admin.frozen": "❄️ <code>{user}</code>：账号被 Telegram 冻结",
    "admin.thawed": "🟢 <code>{user}</code>：账号不再被冻结",
    "admin.unreadable": "🔴 <code>{user}</code>：保存的会话无法打开（{error}），保持原样",
    "admin.refused": (
        "🔴 Telegram 不接受这个程序（{error}），见于 <code>{user}</code>。请检查 API_ID、API_HASH 和 bybot 的版本。"
    ),
    "admin.job_failed": "🟠 {job}没有成功（{error}）。我会继续尝试。",
    "admin.job_works": "🟢 {job}又正常了。",
    "admin.writes_near": "🟠 今天的存储写入已用 {used} / {most}。到明天之前会拉长写入间隔，不会丢失任何内容。",
    "admin.writes_used_up": (
        "🔴 存储今天不再接受写入（已计 {used} 次）。"
        "工作会等待并自行继续，不会丢失任何内容。需要更多额度，请为 Firebase 项目启用结算。"
    ),
    "admin.more": "……另外还有 {count} 条。见 /session_stats。",
    "job.cleanup": "登出不用的账号",
    "job.backup": "备份",
}
