"""What a frozen account may not do: everything that others would see."""

from __future__ import annotations

from typing import Final

_MESSAGES: Final = (
    "sendMessage sendMedia sendMultiMedia uploadMedia forwardMessages editMessage deleteMessages startBot setTyping "
    "sendVote getBotCallbackAnswer importChatInvite exportChatInvite toggleNoForwards updatePinnedMessage "
    "unpinAllMessages createForumTopic editForumTopic"
)
_CHANNELS: Final = (
    "createChannel joinChannel leaveChannel deleteChannel deleteMessages editAdmin editBanned editTitle "
    "inviteToChannel updateUsername toggleSlowMode setDiscussionGroup toggleForum"
)

#: Names of requests that are answered with 420 FROZEN_METHOD_INVALID. Reading goes on.
REFUSED_TO_FROZEN: Final = frozenset(
    {f"messages.{name}" for name in _MESSAGES.split()}
    | {f"channels.{name}" for name in _CHANNELS.split()}
    | {"contacts.block", "contacts.unblock"}
)
