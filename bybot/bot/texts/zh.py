"""聊天里的每一句话，中文版。键与 en.py 完全相同。"""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # The menu of commands --------------------------------------------------------------------------------------
    "command.start": "这是什么",
    "command.login": "用你的 Telegram 帐号登录",
    "command.pairs": "频道配对：添加、暂停、删除",
    "command.my_channels": "你帐号里的频道",
    "command.accounts": "你的 Telegram 帐号：添加、登出、设备",
    "command.status": "当前状态",
    "command.logout": "在 Telegram 登出",
    "command.cancel": "停止当前操作",
    "command.language": "English 或中文",
    "command.forget_me": "删除关于你的一切",
    "command.help": "全部命令",
    # Buttons ---------------------------------------------------------------------------------------------------
    "button.agree": "✅ 我同意",
    "button.login": "🔑 登录",
    "button.accounts": "👤 我的帐号",
    "button.add_account": "➕ 添加帐号",
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
    "button.rules_edits_edit": "帖子被编辑：副本随之编辑",
    "button.rules_edits_new": "帖子被编辑：另发新帖",
    "button.rules_edits_ignore": "帖子被编辑：副本不变",
    "button.rules_deletions_delete": "帖子被删除：副本随之删除",
    "button.rules_deletions_keep": "帖子被删除：副本保留",
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
    # Greeting and consent --------------------------------------------------------------------------------------
    "start.hello": (
        "👋 <b>你好，{name}！</b>\n\n"
        "我通过你自己的帐号，把你能读的 Telegram 频道的帖子复制到你能发帖的频道："
        "按顺序，不遗漏，不重复，重启之后也一样。"
    ),
    "start.logged_in": "你已登录：<b>{account}</b>。",
    "start.next": "接下来做什么？",
    "consent.notice": (
        "🔐 <b>登录之前</b>\n\n"
        "• <b>登录后我能做什么：</b>登录会把你的整个 Telegram 帐号交给这个机器人：阅读、发帖，一切都可以。"
        "我只用它来读取和复制你选择的频道。只有在你自己运行这个机器人，或者信任运行它的人时，才登录。\n"
        "• <b>会话保存在哪里：</b>{storage}\n"
        "• <b>如何结束：</b>在这里发送 /logout，或者在 Telegram › 设置 › 设备 中结束 <b>{device}</b>。"
        "/forget_me 会删除我保存的关于你的一切。"
    ),
    "consent.storage.local": "保存在运行者电脑上的文件里{sealed}。",
    "consent.storage.firebase": "保存在运行者的 Google Firestore 中，用运行者的密钥加密。",
    "consent.storage.memory": "只保存在内存里，我停止后就消失。",
    "consent.sealed": "，用运行者的密钥加密",
    "consent.thanks": "谢谢，你已同意；随时可以用 /logout 结束。",
    # Login -----------------------------------------------------------------------------------------------------
    "login.phone": (
        "📱 <b>你的手机号</b>\n\n"
        "请发送你的 Telegram 帐号的手机号，带国家代码，例如 <code>+86 138 0013 8000</code>。"
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
    "login.where.email": "Telegram 已发到你帐号的邮箱。",
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
        "🔒 <b>两步验证密码</b>\n\n你的帐号还有第二个密码。请现在发送；我会立刻删除你的消息，也不会保存密码。"
    ),
    "login.hint": "提示：<b>{hint}</b>",
    "login.password_wrong": "❌ 密码不对，请再试一次。",
    "login.done": "🎉 <b>登录成功</b>：<b>{account}</b>。",
    "login.already": "你已经登录：<b>{account}</b>。",
    "login.cancelled": "登录已停止，什么都没有保存。/login 可重新开始。",
    "login.timeout": "⌛ 登录时间太长，已停止。/login 可重新开始。",
    "login.restarted": "登录过程中我被重启了，在这里继续。",
    "login.not_deleted": "我无法删除你的消息，请你自己删除。",
    # Logout ----------------------------------------------------------------------------------------------------
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
    # Accounts and devices --------------------------------------------------------------------------------------
    "accounts.title": "👤 <b>你的帐号</b>（{count}）",
    "accounts.none": "👤 你还没有在这里登录任何 Telegram 帐号。",
    "accounts.line": "<b>{number}.</b> {account}\n     {state}",
    "accounts.choose": "点数字查看详情。每个帐号有自己的登录和自己的配对。",
    "accounts.one": "👤 <b>{account}</b>",
    "accounts.pairs": "配对：{pairs} 个",
    "account.gone": "这个帐号已不在这里登录。",
    "logout.choose": "🚪 要登出哪个帐号？",
    "devices.choose_account": "📱 查看哪个帐号的设备？",
    "devices.title": "📱 <b>{account} 的设备</b>（{count}）",
    "devices.this": "<b>{number}. {device}</b>（本机器人）",
    "devices.line": "<b>{number}.</b> {device}",
    "devices.facts": "{place} · {active}",
    "devices.choose": "点 ✖️ 和数字即可结束那个登录。",
    "devices.only": "这个帐号没有在别处登录。",
    "devices.ask": "✖️ <b>结束这个登录吗？</b>\n\n{device}，{country}\n\n使用它的人会从 <b>{account}</b> 登出。",
    "devices.ended": "✅ 已结束：{device}",
    "devices.gone": "那个登录已不存在。",
    # Status ----------------------------------------------------------------------------------------------------
    "status.title": "📊 <b>状态</b>",
    "status.account": "帐号：<b>{account}</b>",
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
    # Channels --------------------------------------------------------------------------------------------------
    "channels.title": "📋 <b>你的频道</b>（{count}）",
    "channels.account": "👤 {account}",
    "channels.none": "你的帐号还没有加入任何频道或群组。",
    "channels.legend": "✏️ 可以发帖 · 🔒 禁止转发",
    "channels.line": "{icon} {title}{name} {marks}",
    "page": "第 {page} / {pages} 页",
    # Pairs -----------------------------------------------------------------------------------------------------
    "pairs.title": "🔗 <b>你的配对</b>（{count}）",
    "pairs.none": "🔗 你还没有配对。\n\n配对会把一个频道（来源）的帖子复制到另一个频道（目标）。",
    "pairs.line": "<b>{number}.</b> {source} → {target}\n     {state}",
    "pairs.account": "     👤 {account}",
    "pairs.choose": "点击编号查看详情。",
    "pair.title": "🔗 <b>{source}</b>\n     ↓\n<b>{target}</b>",
    "pair.state": "状态：{state}",
    "pair.changed": "之后更改：{changed}",
    "pair.copies_deleted": "正在删除 {count} 个副本。",
    "pair.copies_kept": "保留 {count} 个副本。",
    "pair.nothing_waits": "已经没有需要回答的问题。",
    "pair.copied": "已复制：<b>{copied}</b>",
    "pair.skipped": "已跳过：{skipped}",
    "pair.not_before": "⏳ Telegram 要求等到 {until}（{left}）。",
    "pair.remove_ask": "🗑 <b>删除这个配对？</b>\n\n{source} → {target}\n\n已复制的帖子会保留。",
    "pair.removed": "🗑 已删除：{source} → {target}",
    "pair.gone": "这个配对已经不存在。",
    "pair.paused": "已暂停。",
    "pair.resumed": "已继续运行。",
    "state.starting": "🟡 正在启动",
    "state.history": "📚 正在复制历史",
    "state.live": "🟢 实时同步",
    "state.paused": "⏸ 已暂停",
    "state.waiting": "⏳ 等待 Telegram",
    "state.no_session": "⚪️ 等待 /login",
    "state.limited": "🔴 帐号被 Telegram 限制",
    "state.broken": "🔴 因问题停止",
    "state.finished": "✅ 完成",
    # The wizard for a pair -------------------------------------------------------------------------------------
    "wizard.account": "➕ <b>新配对</b>\n\n用你的哪个帐号？它要能看到来源，并能在目标发帖。",
    "wizard.source": (
        "➕ <b>新配对 · 第 1 步，共 3 步：来源</b>\n\n"
        "要<b>从</b>哪个频道复制？发送它的链接、@用户名或 id，或者从列表中选择。"
    ),
    "wizard.target": (
        "➕ <b>新配对 · 第 2 步，共 3 步：目标</b>\n\n"
        "来源：<b>{source}</b>\n\n"
        "要复制<b>到</b>哪里？发送链接、@用户名或 id，或者从你能发帖的频道中选择。"
    ),
    "wizard.pick_source": "选择<b>来源</b>：",
    "wizard.pick_target": "选择<b>目标</b>（只列出你能发帖的）：",
    "wizard.pick_none": "没有可选的频道。请发送链接、@用户名或 id。",
    "wizard.range": (
        "➕ <b>新配对 · 第 3 步，共 3 步：内容</b>\n\n"
        "来源：<b>{source}</b>\n目标：<b>{target}</b>\n\n"
        "要复制哪些帖子？除非设了结束，新帖子会自动跟上。"
    ),
    "wizard.number": "要复制最近多少条？发送一个数字，例如 <code>250</code>。",
    "wizard.number_again": "请发送 1 到 {most} 之间的整数。",
    "wizard.span": (
        "从哪一条到哪一条？请发送\n"
        "· 消息 id 或帖子链接：<code>120-480</code>，或 <code>120-</code>（之后一直继续）\n"
        "· 日期（UTC）：<code>2026-01-31 - 2026-02-28</code>，或只写一天（之后一直继续）"
    ),
    "wizard.span_again": "看不懂这个范围。例如 <code>120-480</code> 或 <code>2026-01-31</code>。",
    "wizard.span_future": "这个范围的结束在将来。要一直继续，请不写结束。",
    "wizard.confirm": (
        "➕ <b>新配对 · 准备好了</b>\n\n"
        "来源：<b>{source}</b>\n目标：<b>{target}</b>\n内容：{what}\n{estimate}\n\n要开始吗？"
    ),
    "wizard.what_new": "只要今后的新帖子",
    "wizard.what_last": "最近 {count} 条，然后是新帖子",
    "wizard.what_ids": "消息 {first} 到 {last}，到此为止",
    "wizard.what_ids_on": "消息 {first} 及之后的全部",
    "wizard.what_days": "{first} 到 {last} 的帖子，到此为止",
    "wizard.what_days_on": "{first} 及之后的帖子",
    "wizard.what_all": "全部，然后是新帖子",
    "wizard.estimate": "现在要复制约 <b>{count}</b> 条，约需 <b>{time}</b>",
    "wizard.protected": "🔒 {source} 禁止转发。受保护的帖子会被跳过，我绝不绕过保护。",
    "wizard.added": "✅ <b>配对已添加</b>\n\n{source} → {target}\n内容：{what}",
    "wizard.cancelled": "已停止，没有添加配对。",
    "wizard.timeout": "⌛ 等待新配对的时间太长，已停止。/pairs 可重新开始。",
    "wizard.busy": "正在添加配对，请在下面继续。",
    "wizard.counting": "正在统计帖子…",
    "wizard.not_postable": "你的帐号不能在 {target} 发帖，请选择其他目标。",
    # The rules of a pair ---------------------------------------------------------------------------------------
    "rules.title": "⚙️ <b>规则</b>\n{source} → {target}",
    "rules.none": "每个帖子都原样复制。",
    "rules.set": "好了，从下一个帖子起生效。",
    "rules.cancelled": "已停止，规则没有改变。",
    "rules.without": "🚫 略过：{what}",
    "rules.only": "✅ 只要含有：{what}",
    "rules.replaced": "✏️ {old} → {new}",
    "rules.above": "⬆️ 每个帖子上方：{what}",
    "rules.below": "⬇️ 每个帖子下方：{what}",
    "rules.kinds": "要复制哪些类型的帖子？点一下即可切换。相册中只要有一项被略过，整个相册就略过。",
    "rules.ask_words": (
        "含有哪些词的帖子要略过？请发送这些词，用逗号或换行分隔。\n\n"
        "<code>赌场，广告</code> – 含有其中之一的帖子会略过\n"
        "<code>+港口，+船</code> – 只复制含有其中之一的帖子\n"
        "<code>/\\bwin \\d+/</code> – 正则表达式\n"
        "<code>-</code> – 不再按词筛选"
    ),
    "rules.ask_replace": (
        "要替换什么？每行一个。\n\n"
        "<code>旧名 =&gt; 新名</code>\n"
        "<code>/(\\d+) USD/ =&gt; $\\1</code> – 正则表达式及其分组\n"
        "<code>-</code> – 不再替换"
    ),
    "rules.ask_above": "每个帖子上方要加什么文字？格式会保留。<code>-</code> 表示不加。",
    "rules.ask_below": "每个帖子下方要加什么文字？格式会保留。<code>-</code> 表示不加。",
    "rules.bad_pattern": "🔤 正则表达式在第 {position} 个字符处有误，请修改后重新发送。",
    "rules.not_understood": "看不懂。请参考例子重新发送。",
    "rules.tried": (
        "🔍 <b>最近 {count} 个帖子</b>\n{same} 个原样，{changed} 个会更改，{left_out} 个会略过。什么都没有发送。"
    ),
    "rules.sample_changed": "✏️ <b>{id}</b>  {before}\n→ {after}",
    "rules.sample_left_out": "🚫 <b>{id}</b>  {before}\n（{why}）",
    "rules.why_words": "词",
    "rules.why_matching": "正则表达式",
    "rules.why_kinds": "类型",
    "rules.why_extensions": "文件名",
    "rules.why_size": "大小",
    "rules.why_senders": "作者",
    "rules.why_timeout": "表达式耗时太长",
    "rules.why_too_long": "会太长",
    "media.text": "文字",
    "media.photo": "图片",
    "media.video": "视频",
    "media.round": "视频留言",
    "media.voice": "语音",
    "media.audio": "音乐",
    "media.animation": "GIF",
    "media.sticker": "贴纸",
    "media.document": "文件",
    "media.poll": "投票",
    "media.contact": "联系人",
    "media.location": "地点",
    "media.other": "其他",
    # Progress --------------------------------------------------------------------------------------------------
    "progress.title": "📚 <b>{source} → {target}</b>",
    "progress.bar": "<code>{bar}</code> {percent}%",
    "progress.count": "{done} / {total} 条",
    "progress.count_open": "{done} 条",
    "progress.left": "约剩 {time}",
    "progress.done": "✅ 历史已复制：<b>{done}</b> 条。新帖子会自动跟上。",
    "progress.skipped": "未复制（受保护、已删除或被拒绝）：{skipped}",
    "progress.wait": "⏳ Telegram 要求等到 {until}（{left}）。",
    # Notices ---------------------------------------------------------------------------------------------------
    "notice.protected_some": ("🔒 <b>{source}</b> 有些帖子禁止转发。这些帖子会略过，我不绕过保护；其余的照常复制。"),
    "notice.protected": ("🔒 <b>{source}</b> 禁止转发帖子。我会跳过它们，不绕过保护。可以请频道所有者允许转发。"),
    "notice.flood": ("⏳ Telegram 要求你的帐号等到 {until}（{left}）。之后我会自动继续，不会跳过任何帖子。"),
    "notice.source_lost": (
        "🚪 你的帐号不能再读取 <b>{source}</b>，{source} → {target} 已停下。重新加入后，请在 /pairs 中继续。"
    ),
    "notice.target_lost": (
        "✏️ 你的帐号不能再在 <b>{target}</b> 发帖，{source} → {target} 已停下。恢复权限后，请在 /pairs 中继续。"
    ),
    "notice.bulk_deletion": (
        "🗑 <b>{source}</b> 一次删除了 {count} 个帖子。要同时删除 <b>{target}</b> 中的副本吗？在你回答之前它们会保留。"
    ),
    "notice.limited": (
        "🔴 Telegram 限制了你的帐号，它的配对已停下。请用你的帐号联系 @SpamBot 了解原因，之后在 /pairs 中继续。"
    ),
    "notice.session_lost": (
        "🔴 Telegram 结束了你帐号的登录（{reason}）。配对会保留，暂时停下。/login 之后从停下的地方继续。"
    ),
    "notice.session_lost_one": (
        "🔴 Telegram 结束了这个帐号的登录（{reason}）。它的配对已保留并暂停。"
        "在 /accounts 中重新登录后，会从停下的地方继续。"
    ),
    "notice.history_done": ("✅ <b>{source} → {target}</b>\n\n历史已复制：<b>{copied}</b> 条。新帖子会自动跟上。"),
    "notice.finished": "✅ <b>{source} → {target}</b>\n\n完成：已复制 <b>{copied}</b> 条。",
    "notice.failed": "🔴 配对 {source} → {target} 遇到问题，已停下。可在 /pairs 中继续，再试一次。",
    "notice.other": "ℹ️ {text}",
    "reason.unregistered": "Telegram 不再认识这个登录",
    "reason.invalid_key": "Telegram 不再接受这个登录",
    "reason.unknown_key": "Telegram 不再认识这个登录",
    "reason.duplicated": "这个登录同时在两个地方使用",
    "reason.revoked": "它在设备列表中被结束",
    "reason.expired": "它已过期",
    "reason.deactivated": "帐号已被删除",
    "reason.banned": "帐号已被封禁",
    "reason.logged_out": "它已登出",
    "reason.mismatch": "保存的登录以另一个帐号作答",
    "reason.other": "没有说明原因",
    # 会话发生的事 ---------------------------------------------------------------------------------------------
    "news.frozen": (
        "❄️ Telegram 冻结了你的帐号：它只能读，不能写。我会保持登录，它的配对先停下。"
        "要申诉，请用这个帐号联系 {appeal}。恢复后我会告诉你。"
    ),
    "news.frozen_until": "如果不申诉，Telegram 将在 {until}（{left}）删除这个帐号。",
    "news.thawed": "🟢 Telegram 已恢复你的帐号，又可以写了。请在 /pairs 里让它的配对继续。",
    "news.unused": (
        "💤 很久没有人在这里使用你的帐号了，我将在 {until}（{left}）把它登出。配对会保留。"
        "如果想保持登录，请按下面的按钮。"
    ),
    "news.cleaned": (
        "💤 因为 {days} 天没有人在这里使用，我已把你的帐号登出。设置和配对都保留着；/login 后会从停下的地方继续。"
    ),
    "news.kept": "✅ 好的，你的帐号保持登录。",
    "advice.duplicated": (
        "是你在别的程序里用了同一个会话吗？请先停掉那一个。如果不是你，请结束所有不认识的设备：Telegram › 设置 › 设备。"
    ),
    "advice.revoked": "如果不是你自己结束的，请检查 Telegram › 设置 › 设备。",
    "advice.deactivated": "/forget_me 会删除我保存的有关它的一切。",
    "advice.banned": "要申诉，请写信到 recover@telegram.org，并附上帐号的电话号码。",
    "advice.mismatch": "没有用它做任何事。请告诉这个机器人的运营者。",
    "admin.title": "🛠 <b>给运营者</b>",
    "admin.over": "🔴 <code>{user}</code>：登录已结束（{reason}）",
    "admin.frozen": "❄️ <code>{user}</code>：帐号被 Telegram 冻结",
    "admin.thawed": "🟢 <code>{user}</code>：帐号不再被冻结",
    "admin.refused": (
        "🔴 Telegram 不接受这个程序（{error}），见于 <code>{user}</code>。请检查 API_ID、API_HASH 和 bybot 的版本。"
    ),
    "admin.job_failed": "🟠 {job}没有成功（{error}）。我会继续尝试。",
    "admin.job_works": "🟢 {job}又正常了。",
    "admin.more": "……另外还有 {count} 条。见 /session_stats。",
    "job.cleanup": "登出不用的帐号",
    "job.backup": "备份",
    # Forget ----------------------------------------------------------------------------------------------------
    "forget.ask": (
        "🧹 <b>删除一切？</b>\n\n我会在 Telegram 登出你的所有帐号，"
        "并删除它们的会话、你的配对和进度、你的设置以及本聊天的状态。"
        "频道里已有的复制帖会保留。此操作无法撤销。"
    ),
    "forget.ask_other": "🧹 删除关于 <code>{user}</code> 的一切，并登出其帐号？",
    "forget.done": "🧹 <b>完成。我做了这些：</b>\n\n{report}",
    "forget.kept": "什么都没有删除。",
    "forget.usage": "用法：<code>/forget_user 123456789</code>",
    # Language --------------------------------------------------------------------------------------------------
    "language.ask": "🌐 使用哪种语言？",
    "language.done": "现在我和你说中文。",
    # Help ------------------------------------------------------------------------------------------------------
    "help.text": (
        "❓ <b>我能听懂的命令</b>\n\n"
        "/login – 用你的 Telegram 帐号登录\n"
        "/pairs – 频道配对：添加、暂停、删除\n"
        "/my_channels – 你帐号里的频道\n"
        "/status – 当前状态\n"
        "/session_stats – 会话统计\n"
        "/create_session – 检查或开始会话\n"
        "/accounts – 你的 Telegram 帐号：添加、登出\n"
        "/devices – 你的帐号在哪里登录\n"
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
    # Access ----------------------------------------------------------------------------------------------------
    "access.stranger": (
        "🔒 这是私人机器人，无法为你服务。如果你认识运行它的人，请让对方加上你；"
        "你的 Telegram id 是 <code>{user}</code>。"
    ),
    "access.group": "我只在私聊中工作，请在私聊里找我。",
    "access.admins_only": "只有这个机器人的管理员可以这样做。",
    "button.private": "打开私聊",
    # Errors ----------------------------------------------------------------------------------------------------
    "error.error": "⚠️ 没有成功：{message}",
    "error.login": "⚠️ Telegram 没有接受这次登录。请重新开始：/login；如果再次出现，请联系运行者。",
    "error.unexpected": "😔 抱歉，我这边出了问题，已记录；请再试一次。",
    "error.forbidden": "⛔️ 你无权这样做。请联系这个机器人的管理员。",
    "error.fresh_login": (
        "⏳ Telegram 只允许登录满一天后结束其他登录，而这个登录还不满一天。请明天再试，"
        "或者在手机上结束它：Telegram › 设置 › 设备。"
    ),
    "error.store_unavailable": "🟠 我的存储暂时没有响应。什么都没有丢失，请一分钟后再试。",
    "error.stale_write": "🔄 期间有变化，请再试一次。",
    "error.newer_schema": (
        "⚠️ 本聊天的状态由更新版本的我写下，而现在运行的是旧版本。什么都没有丢失；请让运行者重新启动新版本。"
        "你的配对照常运行。"
    ),
    "error.corrupt_document": "⚠️ 关于你的一份数据无法读取，已另行保存；请联系运行者。",
    "error.vault": "⚠️ 无法用运行者的密钥打开你保存的会话。没有任何改动，请联系运行者。",
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
        "❄️ Telegram 冻结了这个帐号，所以我无法登录它。请在 Telegram 里写信给 @SpamBot 申诉，然后重新 /login。"
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
    "error.already_logged_in": "这个帐号已经登录了。见 /accounts。",
    "error.account_mismatch": (
        "⛔️ 这不是此登录所属的 Telegram 帐号，因此没有保存。也想使用它的话，请在 /accounts 中添加。"
    ),
    "error.too_many_accounts": "⛔️ 每人在这里最多 {most} 个帐号。请先登出其中一个：/accounts。",
    "error.chat_not_found": "❔ 找不到这个频道。请检查链接或用户名，或者从列表中选择。",
    "error.chat_not_readable": "🚪 你的帐号不能读取这个频道。请先加入，再试一次。",
    "error.chat_not_writable": "✏️ 你的帐号不能在那里发帖。请让它成为可发帖的管理员，或者选择其他频道。",
    "error.same_chat": "🔁 来源和目标是同一个频道，请选择其他目标。",
    "error.pair_exists": "🔗 你已经有这个配对。请看 /pairs。",
    "error.pair_not_found": "这个配对已经不存在。请看 /pairs。",
    "error.pair_cycle": "🔁 这样会循环复制。请选择其他目标，或删除循环中的一个配对。",
    "error.protected_content": "🔒 这个频道禁止转发，可以请所有者允许。",
    "error.account_limited": "🔴 Telegram 限制了你的帐号。请用它联系 @SpamBot 了解原因。",
    "error.bad_pattern": "🔤 这不是有效的正则表达式，请修改后重新发送。",
    "error.pattern_timeout": "🔤 这个表达式耗时太长，请简化（嵌套的重复最耗时）。",
    "error.text_too_long": "🔤 文字会超过 Telegram 的上限，请缩短规则要添加的内容。",
    # Units -----------------------------------------------------------------------------------------------------
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
    "unit.edited": "编辑 {n}",
    "unit.deleted": "删除 {n}",
    "unit.not_edited": "Telegram 不允许更改 {n}",
    "unit.refused": "Telegram 拒绝 {n}",
    "unit.gone": "期间被删除 {n}",
    "list.join": "，",
}
