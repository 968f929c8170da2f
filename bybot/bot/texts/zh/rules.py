"""关于默认规则和更多筛选的句子。"""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "command.rules": "所有配对共用的规则",
    "rules.title_mine": "⚙️ <b>默认规则</b>\n对你所有账号的所有配对生效；配对自己设置了的，以配对为准。",
    "rules.from_mine": "🔗 来自默认规则",
    "rules.set_mine": "好了，你的配对从各自的下一个帖子起生效。",
    "button.rules_own": "🔗 自己设置或沿用默认…",
    "rules.own": "这个配对自己设置哪些？点一下即可切换。\n\n🔗 沿用默认规则（/rules）\n✏️ 配对自己的设置",
    "button.rules_more": "🧰 更多筛选…",
    "rules.more": "还要略过哪些帖子？",
    "button.rules_languages": "🌐 语言…",
    "button.rules_extensions": "📎 文件扩展名…",
    "button.rules_size": "⚖️ 文件大小…",
    "button.rules_senders": "👤 作者…",
    "button.rules_duplicates_off": "♻️ 重复内容：照常复制",
    "button.rules_duplicates_on": "♻️ 重复内容：略过（{posts} 条，{days} 天）",
    "rules.languages": "请点选语言。看不出语言的帖子总会复制：字很少、只有名称和数字，或混有几种语言。",
    "button.rules_languages_only": "✅ 只复制这些语言的帖子",
    "button.rules_languages_without": "🚫 略过这些语言的帖子",
    "rules.same_again": "♻️ 略过：最近 {posts} 个帖子、{days} 天内发过的内容",
    "rules.size_from": "⚖️ 文件至少 {least}",
    "rules.size_to": "⚖️ 文件最大 {most}",
    "rules.size_between": "⚖️ 文件从 {least} 到 {most}",
    "rules.above_every": "⬆️ 编号能被 {every} 整除的帖子上方：{what}",
    "rules.below_every": "⬇️ 编号能被 {every} 整除的帖子下方：{what}",
    "rules.above_share": "⬆️ {share}% 的帖子上方：{what}",
    "rules.below_share": "⬇️ {share}% 的帖子下方：{what}",
    "rules.ask_extensions": (
        "哪些扩展名的文件要略过？\n\n"
        "<code>exe，apk</code> – 略过这些\n"
        "<code>+pdf，+epub</code> – 文件中只复制这些\n"
        "<code>-</code> – 复制所有文件"
    ),
    "rules.ask_size": (
        "文件可以多大？\n\n"
        "<code>20 MB</code> – 最大\n"
        "<code>1 MB - 20 MB</code> – 从多少到多少\n"
        "<code>1 MB -</code> – 至少\n"
        "<code>-</code> – 不限"
    ),
    "rules.ask_senders": (
        "谁的帖子要略过？请发送作者的数字 ID。频道中的帖子除非署名，否则没有作者，总会复制。\n\n"
        "<code>123456789</code> – 略过此人的帖子\n"
        "<code>+123456789</code> – 只复制此人的帖子\n"
        "<code>-</code> – 复制所有人的帖子"
    ),
    "rules.why_languages": "语言",
    "rules.why_duplicates": "之前发过同样的内容",
    "slot.words": "词",
    "slot.kinds": "类型",
    "slot.extensions": "文件扩展名",
    "slot.size": "文件大小",
    "slot.senders": "作者",
    "slot.languages": "语言",
    "slot.duplicates": "重复内容",
    "slot.replace": "替换",
    "slot.remove_links": "链接",
    "slot.remove_magnets": "磁力链接",
    "slot.remove_hashtags": "话题标签",
    "slot.remove_mentions": "@提及",
    "slot.above": "页眉",
    "slot.below": "页脚",
    "slot.edits": "编辑的帖子",
    "slot.deletions": "删除的帖子",
    "slot.buttons": "按钮",
    "slot.pins": "置顶",
    "slot.files": "文件",
    "slot.window": "回看范围",
    "slot.schedule": "时间",
}
