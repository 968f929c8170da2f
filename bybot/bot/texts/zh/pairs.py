"""Chinese: pairs, their rules, progress, notices."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # Pairs ---------------------------------------------------------------------------------------------------------
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
    "pair.due": "🕒 下一条在 {until} 发送（{left}）。",
    "pair.remove_ask": "🗑 <b>删除这个配对？</b>\n\n{source} → {target}\n\n已复制的帖子会保留。",
    "pair.removed": "🗑 已删除：{source} → {target}",
    "pair.gone": "这个配对已经不存在。",
    "pair.paused": "已暂停。",
    "pair.resumed": "已继续运行。",
    "state.starting": "🟡 正在启动",
    "state.history": "📚 正在复制历史",
    "state.live": "🟢 实时同步",
    "state.undoing": "↩️ 正在删除副本",
    "state.paused": "⏸ 已暂停",
    "state.waiting": "⏳ 等待 Telegram",
    "state.no_session": "⚪️ 等待 /login",
    "state.limited": "🔴 账号被 Telegram 限制",
    "state.broken": "🔴 因问题停止",
    "state.finished": "✅ 完成",
    # The wizard for a pair -----------------------------------------------------------------------------------------
    "wizard.account": "➕ <b>新配对</b>\n\n用你的哪个账号？它要能看到来源，并能在目标发帖。",
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
        "要复制哪些帖子？除非设了终点，之后的新帖子也会自动复制。"
    ),
    "wizard.range_again": (
        "看不懂。请点按钮，或发送 1 到 {most} 的数字、<code>120-480</code> 这样的 id，"
        "或 <code>2026-01-31</code> 这样的日期。"
    ),
    "wizard.choose": "请点其中一个按钮。",
    "wizard.number": "要复制最近多少条？发送一个数字，例如 <code>250</code>。",
    "wizard.number_again": "请发送 1 到 {most} 之间的整数。",
    "wizard.span": (
        "从哪一条到哪一条？请发送\n"
        "· 消息 id 或帖子链接：<code>120-480</code>，或 <code>120-</code>（之后一直继续）\n"
        "· 日期（UTC）：<code>2026-01-31 - 2026-02-28</code>，或只写一天（之后一直继续）"
    ),
    "wizard.span_again": "看不懂这个范围。例如 <code>120-480</code> 或 <code>2026-01-31</code>。",
    "wizard.span_future": "这个范围的终点在将来。想一直继续，请不要写终点。",
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
    "wizard.not_postable": "你的账号不能在 {target} 发帖，请选择其他目标。",
    # Checking and undoing ------------------------------------------------------------------------------------------
    "audit.title": "🔎 <b>{source}</b>\n     ↓\n<b>{target}</b>",
    "audit.looked": "已比对：{count} 条",
    "audit.missing": "❗️ 目标中缺少：<b>{count}</b> 条",
    "audit.doubled": "❗️ 重复：<b>{count}</b> 条",
    "audit.fine": "✅ 没有缺少，也没有重复。",
    "audit.filling": "正在补齐 {count} 条，补在最新帖子之后。",
    "audit.doubles_gone": "已删除 {count} 条重复的副本。",
    "audit.nothing": "已经没有要处理的了。",
    "audit.undo_ask": (
        "↩️ <b>删除所有副本？</b>\n\n{source} → {target}\n\n这个配对复制到目标的全部内容（{count} 条）都会被删除，"
        "配对随后暂停。继续后会从头重新复制一遍。"
    ),
    "audit.undoing": "正在删除副本。",
    # The rules of a pair -------------------------------------------------------------------------------------------
    "rules.title": "⚙️ <b>规则</b>\n{source} → {target}",
    "rules.none": "每个帖子都原样复制。",
    "rules.set": "好了，从下一个帖子起生效。",
    "rules.cancelled": "已停止，规则没有改变。",
    "rules.without": "🚫 略过：{what}",
    "rules.only": "✅ 只要含有：{what}",
    "rules.replaced": "✏️ {old} → {new}",
    "rules.above": "⬆️ 每个帖子上方：{what}",
    "rules.below": "⬇️ 每个帖子下方：{what}",
    "rules.delay": "🕒 比来源晚 {minutes} 分钟",
    "rules.quiet": "🌙 {first} 到 {last} 不发送（{zone}）",
    "rules.per_hour": "🐢 每小时最多 {count} 条",
    "rules.only_links": "🔘 按钮中只保留指向这些网站的链接：{what}",
    "rules.ask_domains": (
        "Telegram 不接受用户发送按钮：按钮的链接会变成正文下方的链接。可以指向哪些网站？请发送网站名。\n\n"
        "<code>harbour.example，ships.example</code> – 这些网站及其下级的链接；其他按钮都去掉\n"
        "<code>-</code> – Telegram 允许时保留按钮"
    ),
    "rules.ask_times": (
        "帖子什么时候发送？可以写以下几种，分行或用逗号隔开。\n\n"
        "<code>30</code> – 比来源晚多少分钟\n"
        "<code>23:00-7:00 +8</code> – 安静时段，以及你的时间比 UTC 早几小时\n"
        "<code>20/h</code> – 每小时最多多少条\n"
        "<code>-</code> – 立即发送"
    ),
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
    "rules.ask_above": (
        "每个帖子上方要加什么文字？格式会保留。<code>-</code> 表示不加。\n\n"
        "第一行写 <code>每 5 条</code> 或 <code>30%</code>，则只在每五个帖子、或随机一部分帖子上出现。"
    ),
    "rules.ask_below": (
        "每个帖子下方要加什么文字？格式会保留。<code>-</code> 表示不加。\n\n"
        "第一行写 <code>每 5 条</code> 或 <code>30%</code>，则只在每五个帖子、或随机一部分帖子上出现。"
    ),
    "rules.bad_pattern": "🔤 正则表达式在第 {position} 个字符处有误，请修改后重新发送。",
    "rules.added_too_long": "🔤 这段文字超过 {most} 个字符，请缩短后重新发送。",
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
    "rules.why_fixed": "文字无法更改",
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
    "media.dice": "骰子",
    "media.other": "其他",
    # Progress ------------------------------------------------------------------------------------------------------
    "progress.title": "📚 <b>{source} → {target}</b>",
    "progress.bar": "<code>{bar}</code> {percent}%",
    "progress.count": "{done} / {total} 条",
    "progress.count_open": "{done} 条",
    "progress.left": "约剩 {time}",
    "progress.done": "✅ 历史已复制：<b>{done}</b> 条。新帖子会自动跟上。",
    "progress.skipped": "未复制（受保护、已删除或被拒绝）：{skipped}",
    "progress.wait": "⏳ Telegram 要求等到 {until}（{left}）。",
    # Notices -------------------------------------------------------------------------------------------------------
    "notice.protected_some": ("🔒 <b>{source}</b> 有些帖子禁止转发。这些帖子会略过，我不绕过保护；其余的照常复制。"),
    "notice.protected": ("🔒 <b>{source}</b> 禁止转发帖子。我会跳过它们，不绕过保护。可以请频道所有者允许转发。"),
    "notice.left_out": (
        "⚠️ {source} → {target}：Telegram 不接受把某些帖子发到那里（类型：{what}）。它们会略过并计数，其余的照常复制。"
    ),
    "notice.left_out_rules": (
        "⚠️ {source} → {target}：你的规则要改动的某些帖子无法重新发送（类型：{what}），例如测验，正确答案只有作者知道。"
        "它们会略过并计数，不会原样发送。"
    ),
    "notice.incomplete": (
        "↩️ {source} → {target}：有些回复，Telegram 只允许在不注明所回复帖子的情况下复制（类型：{what}）。"
        "它们会照常复制并计数，其他回复都保留。"
    ),
    "notice.incomplete_buttons": (
        "🔘 {source} → {target}：Telegram 不接受用户发送按钮，因此有些副本缺少原帖的按钮（类型：{what}），已计数。"
        "在“规则”中可以让链接按钮变成正文下方的链接。"
    ),
    "notice.incomplete_moves": (
        "📍 {source} → {target}：有一个实时位置只按当时的地点复制，Telegram 不允许这个副本移动，已计数；"
        "还在移动时就复制的位置会继续移动。"
    ),
    "notice.right_missing": (
        "📌 你的账号不能在 <b>{target}</b> 置顶，因此不会跟随 <b>{source}</b> 的置顶；帖子照常复制。"
        "给账号置顶权限后，请暂停并继续这个配对。"
    ),
    "notice.right_missing_topics": (
        "🗂 你的账号不能在 <b>{target}</b> 创建话题，那里缺少的话题中的帖子会进入“常规”话题。"
        "给账号管理话题的权限后，请暂停并继续这个配对。"
    ),
    "notice.flood": ("⏳ Telegram 要求你的账号等到 {until}（{left}）。之后我会自动继续，不会跳过任何帖子。"),
    "notice.source_lost": (
        "🚪 你的账号不能再读取 <b>{source}</b>，{source} → {target} 已停下。重新加入后，请在 /pairs 中继续。"
    ),
    "notice.target_lost": (
        "✏️ 你的账号不能再在 <b>{target}</b> 发帖，{source} → {target} 已停下。恢复权限后，请在 /pairs 中继续。"
    ),
    "notice.bulk_deletion": (
        "🗑 <b>{source}</b> 一次删除了 {count} 个帖子。要同时删除 <b>{target}</b> 中的副本吗？在你回答之前它们会保留。"
    ),
    "notice.limited": (
        "🔴 Telegram 限制了你的账号，它的配对已停下。请用你的账号联系 @SpamBot 了解原因，之后在 /pairs 中继续。"
    ),
    "notice.session_lost": (
        "🔴 Telegram 结束了你账号的登录（{reason}）。配对会保留，暂时停下。/login 之后从停下的地方继续。"
    ),
    "notice.session_lost_one": (
        "🔴 Telegram 结束了这个账号的登录（{reason}）。它的配对已保留并暂停。"
        "在 /accounts 中重新登录后，会从停下的地方继续。"
    ),
    "notice.history_done": ("✅ <b>{source} → {target}</b>\n\n历史已复制：<b>{copied}</b> 条。新帖子会自动跟上。"),
    "notice.finished": "✅ <b>{source} → {target}</b>\n\n完成：已复制 <b>{copied}</b> 条。",
    "notice.undone": (
        "↩️ <b>{source}</b> 在 <b>{target}</b> 中的 {count} 条副本已删除。配对已暂停；继续后会从头重新复制一遍。"
    ),
    "notice.day_full": "🕒 你的账号今天发送的帖子已达到安全上限。{until}（{left}）我会自动继续，不会跳过任何内容。",
    "notice.gaps": (
        "🔎 我比对了 <b>{source}</b> 和 <b>{target}</b> 的部分帖子：缺少 {missing} 条，重复 {doubled} 条。"
        "请检查副本，补齐或删除。"
    ),
    "notice.rebuilt": (
        "🧩 我保存的 <b>{source}</b> → <b>{target}</b> 的记录损坏或丢失了。我读取了两边的内容并重新建立："
        "找到 {count} 条副本。不会重复发送。"
    ),
    "notice.failed": "🔴 配对 {source} → {target} 遇到问题，已停下。可在 /pairs 中继续，再试一次。",
    "notice.other": "ℹ️ {text}",
}
