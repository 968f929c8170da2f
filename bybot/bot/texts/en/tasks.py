"""English: the tasks of a pair, and its numbers."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "command.stats": "What your pairs did, day by day",
    "button.tasks": "📋 Tasks",
    "button.numbers": "📊 Numbers",
    "button.picture": "🖼 {days} days",
    "button.task_add": "➕ Add a task",
    "button.task_history": "🕘 Ended",
    "button.task_cancel": "✖️ Cancel…",
    "button.task_forget": "🗑 Forget…",
    "button.task_undo": "↩️ Delete its copies…",
    "button.task_cancel_yes": "Yes, cancel it",
    "button.task_undo_yes": "Yes, delete its copies",
    "button.task_forget_yes": "Yes, forget it",
    "button.history_beside": "⚡ Better: new posts at once",
    "button.history_first": "↕️ Better: everything in order",
    "error.too_many_tasks": "📋 This pair has {most} open tasks already. Cancel one, or wait until one is done.",
    "state.cancelled": "✖️ cancelled",
    "state.undone": "↩️ undone",
    "notice.undone_task": (
        "↩️ {count} {count:copy|copies} that a task of {source} → {target} made {count:was|were} "
        "deleted. All other copies stay."
    ),
    "wizard.history_first": "Order: the history first, then new posts. Nothing is out of order.",
    "wizard.history_beside": "Order: new posts go at once, and the history goes beside them.",
    "wizard.other": "We are in the middle of something else. Finish it, or /cancel it first.",
    "tasks.title": "📋 <b>Tasks</b>\n{source} → {target}",
    "tasks.none": (
        "There is no task yet.\n\nA task copies some posts of the source once more or for the first time: a "
        "range of messages, some days, the last ones, or everything. It goes beside the pair, which goes on "
        "meanwhile."
    ),
    "tasks.line": "<b>{number}.</b> {what}\n     {state}",
    "tasks.history": "🕘 <b>Ended tasks</b>\n{source} → {target}",
    "tasks.no_history": "No task has ended yet.",
    "tasks.record": "{state} · {what}\n     {started} – {ended}\n     Copied: {copied}, left out: {left_out}",
    "task.title": "📋 <b>Task</b>\n{source} → {target}",
    "task.what": "What: {what}",
    "task.what_last": "the last {count} {count:post|posts}",
    "task.what_ids": "messages {first} to {last}",
    "task.what_days": "posts of {first} to {last}",
    "task.what_all": "everything up to now",
    "task.range": (
        "➕ <b>New task · which posts</b>\n\n{source} → {target}\n\nWhich posts shall I copy? They are copied "
        "whether the pair has copied them already or not. The task ends with the newest post of now."
    ),
    "task.confirm": (
        "➕ <b>New task · ready</b>\n\nSource: <b>{source}</b>\nTarget: <b>{target}</b>\nWhat: {what}\n{estimate}\n\n"
        "Shall I start?"
    ),
    "task.added": "✅ <b>Task added</b>\n\n{source} → {target}\nWhat: {what}",
    "task.cancelled": "Stopped. No task was added.",
    "task.timeout": "⌛ I waited a while for the new task and stopped. /pairs leads there again.",
    "task.ask_cancel": (
        "✖️ <b>Cancel this task?</b>\n\n{source} → {target}\n{what}\n\nIts {count} "
        "{count:copy stays|copies stay}. It can go on later."
    ),
    "task.ask_undo": (
        "↩️ <b>Delete the copies of this task?</b>\n\n{source} → {target}\n{what}\n\n{count} "
        "{count:post is|posts are} deleted in "
        "the target. Copies of the pair and of other tasks stay."
    ),
    "task.ask_forget": (
        "🗑 <b>Forget this task?</b>\n\n{source} → {target}\n{what}\n\nIts {count} "
        "{count:copy stays|copies stay}, but can no "
        "longer be deleted together, and no longer {count:follows|follow} edits and deletions."
    ),
    "task.is_cancelled": "Cancelled.",
    "pair.tasks": "📋 Open tasks: {count}",
    "task.forgotten": "Forgotten.",
    "progress.task_done": "✅ Copied so far: <b>{done}</b> {done:post|posts}.",
    "numbers.title": "📊 <b>Numbers</b>\n{source} → {target}",
    "numbers.choose": "📊 Numbers of which pair?",
    "numbers.line": "<b>{span}</b>\n     🟦 {copied}  🟨 {edited}  🟥 {deleted}  ⬜ {left_out}",
    "numbers.sum": "🟦 {copied}  🟨 {edited}  🟥 {deleted}  ⬜ {left_out}",
    "numbers.today": "Today (UTC)",
    "numbers.yesterday": "Yesterday",
    "numbers.week": "Last 7 days",
    "numbers.month": "Last 30 days",
    "numbers.all": "Last 400 days",
    "numbers.caption": "📊 <b>{source} → {target}</b>, last {days} days",
    "numbers.legend": "🟦 copied  🟨 edited  🟥 deleted  ⬜ left out",
}
