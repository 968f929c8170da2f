"""Chinese: the tasks of a pair, and its numbers."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "command.stats": "每天复制了多少",
    "button.tasks": "📋 任务",
    "button.numbers": "📊 统计",
    "button.picture": "🖼 {days} 天",
    "button.task_add": "➕ 添加任务",
    "button.task_history": "🕘 已结束的",
    "button.task_cancel": "✖️ 取消…",
    "button.task_forget": "🗑 清除记录…",
    "button.task_undo": "↩️ 删除它的副本…",
    "button.task_cancel_yes": "是，取消任务",
    "button.task_undo_yes": "是，删除它的副本",
    "button.task_forget_yes": "是，清除记录",
    "button.history_beside": "⚡ 改为：新帖子立即复制",
    "button.history_first": "↕️ 改为：全部按顺序",
    "error.too_many_tasks": "📋 这个配对已经有 {most} 个未完成的任务。请取消一个，或等其中一个完成。",
    "state.cancelled": "✖️ 已取消",
    "state.undone": "↩️ 已撤销",
    "notice.undone_task": "↩️ {source} → {target} 的一个任务所复制的 {count} 条副本已删除。其他副本都保留。",
    "wizard.history_first": "顺序：先复制历史，再复制新帖子，先后不乱。",
    "wizard.history_beside": "顺序：新帖子立即复制，历史同时另行复制。",
    "wizard.other": "正在进行别的操作。请先完成，或发送 /cancel。",
    "tasks.title": "📋 <b>任务</b>\n{source} → {target}",
    "tasks.none": (
        "还没有任务。\n\n任务把来源的一部分帖子复制一遍，无论以前是否复制过："
        "一段消息、某几天、最近若干条，或全部。它与配对同时进行，配对照常工作。"
    ),
    "tasks.line": "<b>{number}.</b> {what}\n     {state}",
    "tasks.history": "🕘 <b>已结束的任务</b>\n{source} → {target}",
    "tasks.no_history": "还没有任务结束。",
    "tasks.record": "{state} · {what}\n     {started} – {ended}\n     已复制：{copied}，未复制：{left_out}",
    "task.title": "📋 <b>任务</b>\n{source} → {target}",
    "task.what": "内容：{what}",
    "task.what_last": "最近 {count} 条",
    "task.what_ids": "消息 {first} 到 {last}",
    "task.what_days": "{first} 到 {last} 的帖子",
    "task.what_all": "到现在为止的全部",
    "task.range": (
        "➕ <b>新任务 · 内容</b>\n\n{source} → {target}\n\n要复制哪些帖子？不论配对是否已经复制过，"
        "都会复制。任务复制到目前最新的一条为止。"
    ),
    "task.confirm": (
        "➕ <b>新任务 · 准备好了</b>\n\n来源：<b>{source}</b>\n目标：<b>{target}</b>\n"
        "内容：{what}\n{estimate}\n\n要开始吗？"
    ),
    "task.added": "✅ <b>任务已添加</b>\n\n{source} → {target}\n内容：{what}",
    "task.cancelled": "已停止，没有添加任务。",
    "task.timeout": "⌛ 等待新任务的时间太长，已停止。可从 /pairs 重新开始。",
    "task.ask_cancel": (
        "✖️ <b>取消这个任务？</b>\n\n{source} → {target}\n{what}\n\n它的 {count} 条副本会保留，以后还可以继续。"
    ),
    "task.ask_undo": (
        "↩️ <b>删除这个任务的副本？</b>\n\n{source} → {target}\n{what}\n\n目标中的 "
        "{count} 条会被删除。配对和其他任务的副本都保留。"
    ),
    "task.ask_forget": (
        "🗑 <b>清除这个任务的记录？</b>\n\n{source} → {target}\n{what}\n\n它的 {count} "
        "条副本会保留，但不能再一起删除，也不再跟随编辑和删除。"
    ),
    "task.is_cancelled": "已取消。",
    "pair.tasks": "📋 未完成的任务：{count}",
    "task.forgotten": "已清除。",
    "progress.task_done": "✅ 已复制 <b>{done}</b> 条。",
    "numbers.title": "📊 <b>统计</b>\n{source} → {target}",
    "numbers.choose": "📊 要看哪个配对的统计？",
    "numbers.line": "<b>{span}</b>\n     🟦 {copied}  🟨 {edited}  🟥 {deleted}  ⬜ {left_out}",
    "numbers.sum": "🟦 {copied}  🟨 {edited}  🟥 {deleted}  ⬜ {left_out}",
    "numbers.today": "今天（UTC）",
    "numbers.yesterday": "昨天",
    "numbers.week": "最近 7 天",
    "numbers.month": "最近 30 天",
    "numbers.all": "最近 400 天",
    "numbers.caption": "📊 <b>{source} → {target}</b>，最近 {days} 天",
    "numbers.legend": "🟦 已复制  🟨 已编辑  🟥 已删除  ⬜ 未复制",
}
