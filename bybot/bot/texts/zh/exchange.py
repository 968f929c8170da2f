"""中文：把配对和设置导出到文件，或从文件导入。"""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "command.export": "把配对和设置导出为文件",
    "command.import": "从文件导入配对",
    # 导出 ----------------------------------------------------------------------------------------------------------
    "exchange.file": (
        "📤 <b>{count} 个配对</b>和你的设置。\n\n文件里没有登录信息，没有帖子，也没有消息编号。用 /import "
        "可以在这里或别的 bybot 上导入。"
    ),
    # 导入 ----------------------------------------------------------------------------------------------------------
    "exchange.account": "📥 <b>导入</b>\n\n用你的哪个账号？它要能看到来源，并能在目标里发帖。",
    "exchange.send": (
        "📥 <b>导入</b>\n\n请以文件形式发给我：/export 的文件，或者 tgcf（<code>tgcf.config.json</code>、"
        "<code>tgcf.config.yml</code>）或 telemirror（<code>mirror.config.yml</code>、<code>.env</code>）的配置。"
        "最大 {most} kB。\n\n先给你看会建立什么，你确认后才会动手。"
    ),
    "exchange.no_document": "请以文件形式发送，或者取消：/cancel。",
    "exchange.looking": "🔎 正在查看文件里的每个频道……",
    "exchange.working": "⏳ 正在建立配对……",
    "exchange.cancelled": "导入已取消，什么也没有建立。",
    "exchange.timeout": "⌛ 导入没有及时完成，什么也没有建立。重新开始：/import。",
    "exchange.title": "📥 <b>{name}</b>（{format}）",
    "exchange.done": "📥 <b>完成</b>（{format}）",
    "exchange.new": "✅ <b>新的：{count} 个</b>",
    "exchange.made": "✅ <b>已建立：{count} 个</b>",
    "exchange.exists": "☑️ 已存在：{count} 个",
    "exchange.failed": "❌ <b>无法建立：{count} 个</b>",
    "exchange.item": "{source} → {target}",
    "exchange.paused": "{item} ⏸",
    "exchange.paused_note": (
        "⏸ 这些配对先处于暂停状态：文件里就是这样写的，或者其中有规则在这里没有对应的功能。请先检查它们的规则。"
    ),
    "exchange.more": "……还有 {count} 个",
    "exchange.whole": "📄 完整清单。",
    "exchange.remarks": "⚠️ <b>没有采用，或不完全相同：</b>",
    "exchange.settings": "⚙️ 文件里还有设置：{names}。",
    "exchange.settings_done": "⚙️ 已采用设置：{names}。",
    "exchange.setting.language": "语言",
    "exchange.setting.rules": "所有配对的规则",
    "exchange.nothing": "其中没有可以采用的内容。",
    "exchange.secrets": "🔐 文件里有别的程序的登录信息或密钥。我没有保存；导入结束后会删除你发来的这条文件消息。",
    "exchange.trouble": "第 {line} 行，<code>{field}</code>：{what}",
    "exchange.trouble.missing_field": "缺少这一项",
    "exchange.trouble.unknown_field": "没有这个字段",
    "exchange.trouble.wrong_value": "值不对",
    "exchange.trouble.bad_rule": "没有这种规则：{detail}",
    "exchange.trouble.bad_pattern": "表达式在第 {detail} 个字符处有错",
    "exchange.trouble.no_equivalent": "这里没有对应的功能：{detail}",
    "exchange.trouble.partly": "这里只是大致相同，见说明：{detail}",
    "exchange.trouble.refused_on_purpose": "{detail} 会绕过内容保护，我不这样做",
    "exchange.trouble.name_moved": "这个用户名现在属于另一个频道",
    "exchange.trouble.range_ends_later": "范围的终点在将来",
    "exchange.trouble.chat_not_found": "你的账号找不到这个频道",
    "exchange.trouble.chat_not_readable": "你的账号无法读取它",
    "exchange.trouble.chat_not_writable": "你的账号不能在那里发帖",
    "exchange.trouble.same_chat": "来源和目标是同一个",
    "exchange.trouble.pair_exists": "这个配对已存在",
    "exchange.trouble.pair_cycle": "帖子会循环复制",
    "exchange.trouble.account_limited": "Telegram 限制了你的账号",
    "exchange.trouble.no_discussion": "来源或目标没有评论",
    "exchange.trouble.discussion_not_readable": "你的账号无法读取那里的评论",
    "exchange.trouble.discussion_not_writable": "你的账号不能在那里写评论",
    "exchange.trouble.document_too_large": "你的配对和规则加起来会太大",
    "exchange.trouble.other": "现在做不到，请稍后再发一次文件",
    "button.import_new": "▶️ 建立：只复制新帖",
    "button.import_file": "📚 建立：从文件写的地方开始",
    "button.import_settings": "⚙️ 采用设置",
    "button.import_with": "⚙️ 连同设置：是",
    "button.import_without": "⚙️ 连同设置：否",
    # 文件的问题 ------------------------------------------------------------------------------------------------------
    "error.unreadable_pairs": "📄 这个文件不能用：{what}。",
    "exchange.why.line": "第 {line} 行：{what}",
    "exchange.why.empty": "它是空的",
    "exchange.why.too_large": "它大于 {most} kB",
    "exchange.why.not_text": "它不是文本",
    "exchange.why.broken": "它不是完整的 JSON 或 YAML",
    "exchange.why.twice": "同一个名字出现了两次",
    "exchange.why.unknown": "它既不是 /export 的文件，也不是 tgcf 或 telemirror 的配置",
    "exchange.why.newer": "它是由更高版本的 bybot 写出的",
    "exchange.why.fields": "有字段缺失、未知或值不对",
    "exchange.why.gone": "Telegram 不再提供它，请重新发送",
    "exchange.why.too_many": "其中的配对超过 {pairs} 个",
}
