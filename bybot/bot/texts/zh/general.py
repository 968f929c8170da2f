"""Chinese: the menu, buttons, greeting, status, help."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # The menu of commands ------------------------------------------------------------------------------------------
    "command.start": "这是什么",
    "command.login": "用你的 Telegram 账号登录",
    "command.pairs": "频道配对：添加、暂停、删除",
    "command.my_channels": "你账号里的频道",
    "command.accounts": "你的 Telegram 账号：添加、登出、设备",
    "command.status": "当前状态",
    "command.logout": "在 Telegram 登出",
    "command.cancel": "停止当前操作",
    "command.language": "English 或中文",
    "command.forget_me": "删除关于你的一切",
    "command.help": "全部命令",
    # Buttons -------------------------------------------------------------------------------------------------------
    "button.agree": "✅ 我同意",
    "button.login": "🔑 登录",
    "button.accounts": "👤 我的账号",
    "button.add_account": "➕ 添加账号",
    "button.login_again": "🔑 重新登录",
    "button.logout": "🚪 登出",
    "button.devices": "📱 设备",
    "button.end_login": "是，结束它",
    "button.log_out": "是，登出",
    "button.keep": "不，保留",
    "button.keep_session": "✋ 保持登录",
    "button.cancel": "✖️ 取消",
    "button.back": "‹ 返回",
    "button.clear": "清空",
    "button.resend": "🔁 新验证码",
    "button.qr": "🔳 使用二维码",
    "button.other_number": "‹ 换个号码",
    "button.phone": "📱 使用手机号",
    "button.continue": "继续",
    "button.start_over": "重新开始",
    "button.add_pair": "➕ 添加配对",
    "button.pairs": "🔗 我的配对",
    "button.channels": "📋 我的频道",
    "button.refresh": "🔄 刷新",
    "button.pause": "⏸ 暂停",
    "button.resume": "▶️ 继续",
    "button.audit_check": "🔎 检查副本",
    "button.audit_fill": "➕ 补齐缺少的",
    "button.audit_doubles": "🧹 删除重复的副本",
    "button.undo": "↩️ 删除所有副本…",
    "button.undo_yes": "是，删除副本",
    "button.remove": "🗑 删除",
    "button.rules": "⚙️ 规则",
    "button.rules_words": "🔤 词…",
    "button.rules_kinds": "🖼 类型…",
    "button.rules_replace": "✏️ 替换…",
    "button.rules_above": "⬆️ 页眉…",
    "button.rules_below": "⬇️ 页脚…",
    "button.rules_links_on": "✅ 已去链接",
    "button.rules_links_off": "▫️ 去链接",
    "button.rules_hashtags_on": "✅ 已去话题标签",
    "button.rules_hashtags_off": "▫️ 去话题标签",
    "button.rules_mentions_on": "✅ 已去 @提及",
    "button.rules_mentions_off": "▫️ 去 @提及",
    "button.rules_magnets_on": "✅ 已去磁力链接",
    "button.rules_magnets_off": "▫️ 去磁力链接",
    "button.rules_times": "🕒 时间…",
    "button.rules_edits_edit": "帖子被编辑：副本随之编辑",
    "button.rules_edits_new": "帖子被编辑：另发新帖",
    "button.rules_edits_ignore": "帖子被编辑：副本不变",
    "button.rules_deletions_delete": "帖子被删除：副本随之删除",
    "button.rules_deletions_keep": "帖子被删除：副本保留",
    "button.rules_buttons_keep": "链接按钮：Telegram 允许时保留",
    "button.rules_buttons_text": "链接按钮：变成正文下方的链接",
    "button.rules_buttons_drop": "链接按钮：去掉",
    "button.rules_buttons_allow": "链接按钮：只保留部分网站",
    "button.rules_domains": "🔘 按钮链接只保留…",
    "button.rules_pins_follow": "帖子被置顶：副本也置顶",
    "button.rules_pins_ignore": "帖子被置顶：不置顶副本",
    "button.rules_files_reference": "文件：引用原文件，不上传",
    "button.rules_files_upload": "文件：重新上传，不依赖来源",
    "button.rules_try": "🔍 在最近的帖子上试试",
    "button.copies_delete": "🗑 删除副本",
    "button.copies_keep": "保留",
    "button.remove_yes": "是，删除",
    "button.forget_yes": "是，全部删除",
    "button.pick": "📋 从我的频道中选择",
    "button.mode_new": "🆕 只要新帖子",
    "button.mode_last": "最近 {count} 条",
    "button.mode_number": "🔢 其他数量",
    "button.mode_span": "↔️ 从…到…",
    "button.mode_all": "📚 全部",
    "button.start_pair": "✅ 开始",
    "button.help": "❓ 帮助",
    # Greeting and consent ------------------------------------------------------------------------------------------
    "start.hello": (
        "👋 <b>你好，{name}！</b>\n\n"
        "我通过你自己的账号，把你能读的 Telegram 频道的帖子复制到你能发帖的频道："
        "按顺序，不遗漏，不重复，重启之后也一样。"
    ),
    "start.logged_in": "你已登录：<b>{account}</b>。",
    "start.next": "接下来做什么？",
    "consent.notice": (
        "🔐 <b>登录之前</b>\n\n"
        "• <b>登录后我能做什么：</b>登录会把你的整个 Telegram 账号交给这个机器人：阅读、发帖，一切都可以。"
        "我只用它来读取和复制你选择的频道。只有在你自己运行这个机器人，或者信任运行它的人时，才登录。\n"
        "• <b>会话保存在哪里：</b>{storage}\n"
        "• <b>如何结束：</b>在这里发送 /logout，或者在 Telegram › 设置 › 设备 中结束 <b>{device}</b>。"
        "/forget_me 会删除我保存的关于你的一切。"
    ),
    "consent.storage.local": "保存在运营者电脑上的文件里{sealed}。",
    "consent.storage.firebase": "保存在运营者的 Google Firestore 中，用运营者的密钥加密。",
    "consent.storage.memory": "只保存在内存里，我停止后就消失。",
    "consent.sealed": "，用运营者的密钥加密",
    "consent.thanks": "谢谢，你已同意；随时可以用 /logout 结束。",
    # Status --------------------------------------------------------------------------------------------------------
    "status.title": "📊 <b>状态</b>",
    "status.account": "账号：<b>{account}</b>",
    "status.session": "会话：{state}",
    "status.since": "登录时间：{since}",
    "status.pairs": "配对：{total} 个，运行中 {running} 个",
    "status.reason": "原因：{reason}",
    "session.active": "🟢 已连接",
    "session.no_session": "⚪️ 未登录",
    "session.revoked": "🔴 已被 Telegram 结束",
    "session.leased": "🟡 由另一个进程持有",
    "session.expired": "🔴 已过期",
    "session.error": "🟠 无法连接",
    "session.detached": "⏸ 休眠中",
    "session.frozen": "❄️ 被 Telegram 冻结",
    "session.logging_in": "🟡 正在登录",
    "stats.title": "📈 <b>会话</b>",
    "stats.line": "{name}：<b>{value}</b>",
    "stats.total_sessions": "已保存的会话",
    "stats.active_sessions": "当前连接",
    "stats.user_sessions": "用户会话",
    "stats.bot_sessions": "机器人会话",
    "stats.bot_id": "数据空间",
    "stats.mine": "你的会话：{state}",
    # Channels ------------------------------------------------------------------------------------------------------
    "channels.title": "📋 <b>你的频道</b>（{count}）",
    "channels.account": "👤 {account}",
    "channels.none": "你的账号还没有加入任何频道或群组。",
    "channels.legend": "✏️ 可以发帖 · 🔒 禁止转发",
    "channels.line": "{icon} {title}{name} {marks}",
    "page": "第 {page} / {pages} 页",
    # Forget --------------------------------------------------------------------------------------------------------
    "forget.ask": (
        "🧹 <b>删除一切？</b>\n\n我会在 Telegram 登出你的所有账号，"
        "并删除它们的会话、你的配对和进度、你的设置以及本聊天的状态。"
        "频道里已有的复制帖会保留。此操作无法撤销。"
    ),
    "forget.ask_other": "🧹 删除关于 <code>{user}</code> 的一切，并登出其账号？",
    "forget.done": "🧹 <b>完成。我做了这些：</b>\n\n{report}",
    "forget.kept": "什么都没有删除。",
    "forget.usage": "用法：<code>/forget_user 123456789</code>",
    # Language ------------------------------------------------------------------------------------------------------
    "language.ask": "🌐 使用哪种语言？",
    "language.done": "现在我和你说中文。",
    # Help ----------------------------------------------------------------------------------------------------------
    "help.text": (
        "❓ <b>我能听懂的命令</b>\n\n"
        "/login – 用你的 Telegram 账号登录\n"
        "/pairs – 频道配对：添加、暂停、删除\n"
        "/rules – 所有配对共用的规则\n"
        "/stats – 每天复制了多少\n"
        "/export、/import – 把配对导出为文件，再导入\n"
        "/my_channels – 你账号里的频道\n"
        "/status – 当前状态\n"
        "/session_stats – 会话统计\n"
        "/create_session – 检查或开始会话\n"
        "/accounts – 你的 Telegram 账号：添加、登出\n"
        "/devices – 你的账号在哪里登录\n"
        "/logout – 在 Telegram 登出\n"
        "/language – English 或中文\n"
        "/cancel – 停止当前操作\n"
        "/forget_me – 删除关于你的一切"
    ),
    "help.admin": "管理员命令：\n/forget_user ID – 删除关于某人的一切",
    "fallback": "我没听懂。/help 列出我能做的事。",
    "nothing_to_cancel": "没有可以取消的操作。",
    "stale": "这个按钮已失效。",
    "stale_keypad": "这个键盘已失效。/login 会显示当前的键盘。",
    # Access --------------------------------------------------------------------------------------------------------
    "access.stranger": (
        "🔒 这是私人机器人，无法为你服务。如果你认识运行它的人，请让对方加上你；"
        "你的 Telegram id 是 <code>{user}</code>。"
    ),
    "access.group": "我只在私聊中工作，请在私聊里找我。",
    "access.admins_only": "只有这个机器人的管理员可以这样做。",
    "button.private": "打开私聊",
    # Units ---------------------------------------------------------------------------------------------------------
    "unit.s": "{n} 秒",
    "unit.min": "{n} 分钟",
    "unit.h": "{n} 小时",
    "unit.d": "{n} 天",
    "unit.ago": "{time}前活跃",
    "unit.now": "正在活跃",
    "unit.join": " ",
    "unit.at": "{time} UTC",
    "unit.in": "{time}后",
    "unit.protected": "受保护 {n}",
    "unit.service": "系统消息 {n}",
    "unit.filtered": "按规则略过 {n}",
    "unit.refilled": "补齐 {n}",
    "unit.undone": "撤销 {n}",
    "unit.edited": "编辑 {n}",
    "unit.deleted": "删除 {n}",
    "unit.not_edited": "Telegram 不允许更改 {n}",
    "unit.reply_lost": "未注明所回复帖子 {n}",
    "unit.orphaned": "所在帖子没有副本 {n}",
    "unit.buttons_lost": "缺少按钮 {n}",
    "unit.refused": "Telegram 拒绝 {n}",
    "unit.gone": "期间被删除 {n}",
    "list.join": "，",
}
