"""Chinese: errors, and why a login ended."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # Why a login ended ---------------------------------------------------------------------------------------------
    "reason.unregistered": "Telegram 不再认识这个登录",
    "reason.invalid_key": "Telegram 不再接受这个登录",
    "reason.unknown_key": "Telegram 不再认识这个登录",
    "reason.duplicated": "这个登录同时在两个地方使用",
    "reason.revoked": "它在设备列表中被终止",
    "reason.expired": "它已过期",
    "reason.deactivated": "账号已被删除",
    "reason.banned": "账号已被封禁",
    "reason.logged_out": "它已登出",
    "reason.mismatch": "保存的登录现在属于另一个账号",
    "reason.other": "没有说明原因",
    # Errors --------------------------------------------------------------------------------------------------------
    "error.error": "⚠️ 没有成功：{message}",
    "error.login": "⚠️ Telegram 没有接受这次登录。请重新开始：/login；如果再次出现，请联系运营者。",
    "error.unexpected": "😔 抱歉，我这边出了问题，已记录；请再试一次。",
    "error.forbidden": "⛔️ 你无权这样做。请联系这个机器人的管理员。",
    "error.fresh_login": (
        "⏳ Telegram 只允许登录满一天后结束其他登录，而这个登录还不满一天。请明天再试，"
        "或者在手机上结束它：Telegram › 设置 › 设备。"
    ),
    "error.store_unavailable": "🟠 我的存储暂时没有响应。什么都没有丢失，请一分钟后再试。",
    "error.quota_used_up": "🟠 我的存储今天的额度用完了。什么也没有丢失，管理员已知道。请明天再试。",
    "error.stale_write": "🔄 数据刚刚有变化，请再试一次。",
    "error.newer_schema": (
        "⚠️ 本聊天的状态是由更高版本的我写下的，而现在运行的是旧版本。什么都没有丢失；请让运营者重新启动新版本。"
        "你的配对照常运行。"
    ),
    "error.corrupt_document": "⚠️ 关于你的一份数据无法读取，已另行保存；请联系运营者。",
    "error.document_too_large": (
        "📦 保存不下了：你的配对和规则加起来太大。请删除一些配对，缩短规则，或把共同的规则放到 /rules。"
    ),
    "error.vault": "⚠️ 无法用运营者的密钥打开你保存的会话。没有任何改动，请联系运营者。",
    "error.no_session": "你还没有登录。发送 /login 开始。",
    "error.session_revoked": "🔴 Telegram 结束了这个登录（{reason}）。请重新登录：/login。",
    "error.detached": (
        "⏸ 你的登录已保存，但处于停用状态：它的另一份副本可能正在使用，两处同时使用会使它永久失效。"
        "请让运营者重新启用它，或重新登录：/login。"
    ),
    "error.key_in_use": "⛔️ 这个登录已经保存在另一个会话中。请重新登录：/login。",
    "error.owned_elsewhere": "🟡 你的会话暂时由这个机器人的另一个进程持有。请一分钟后再试。",
    "error.too_many_clients": "🟠 目前已连接的账号数达到上限。请一分钟后再试。",
    "error.telegram_refused": "🔴 Telegram 暂时不接受这个机器人的程序，需要运营者处理。",
    "error.account_frozen": (
        "❄️ Telegram 冻结了这个账号，所以我无法登录它。请在 Telegram 里写信给 @SpamBot 申诉，然后重新 /login。"
    ),
    "error.telegram_unreachable": "🟠 Telegram 暂时没有响应。请一分钟后再试。",
    "error.invalid_phone": "❌ Telegram 不认识这个号码。请带国家代码发送，例如 <code>+86 138 0013 8000</code>。",
    "error.invalid_code": "❌ 验证码不对。请看 Telegram 发来的最新消息。",
    "error.code_expired": "⌛ 这个验证码已失效，请请求新的。",
    "error.wrong_password": "❌ 密码不对，请再试一次。",
    "error.login_banned": "⛔️ Telegram 封禁了这个号码。请写信给 recover@telegram.org。",
    "error.login_flood": "⏳ 尝试次数太多。请等待 {time}，然后重新开始：/login。",
    "error.login_timeout": "⌛ 登录时间太长。请重新开始：/login。",
    "error.login_cancelled": "登录已停止。请重新开始：/login。",
    "error.no_login": "没有正在进行的登录。请开始：/login。",
    "error.already_logged_in": "这个账号已经登录了。见 /accounts。",
    "error.account_mismatch": (
        "⛔️ 这不是此登录所属的 Telegram 账号，因此没有保存。也想使用它的话，请在 /accounts 中添加。"
    ),
    "error.too_many_accounts": "⛔️ 每人在这里最多 {most} 个账号。请先登出其中一个：/accounts。",
    "error.chat_not_found": "❔ 找不到这个频道。请检查链接或用户名，或者从列表中选择。",
    "error.chat_not_readable": "🚪 你的账号不能读取这个频道。请先加入，再试一次。",
    "error.chat_not_writable": "✏️ 你的账号不能在那里发帖。请让它成为可发帖的管理员，或者选择其他频道。",
    "error.same_chat": "🔁 来源和目标是同一个频道，请选择其他目标。",
    "error.pair_exists": "🔗 你已经有这个配对。请看 /pairs。",
    "error.pair_not_found": "这个配对已经不存在。请看 /pairs。",
    "error.pair_cycle": "🔁 这样会循环复制。请选择其他目标，或删除循环中的一个配对。",
    "error.protected_content": "🔒 这个频道禁止转发，可以请所有者允许。",
    "error.account_limited": "🔴 Telegram 限制了你的账号。请用它联系 @SpamBot 了解原因。",
    "error.bad_pattern": "🔤 这不是有效的正则表达式，请修改后重新发送。",
    "error.pattern_timeout": "🔤 这个表达式耗时太长，请简化（嵌套的重复最耗时）。",
    "error.text_too_long": "🔤 文字会超过 Telegram 的上限，请缩短规则要添加的内容。",
}
