"""Channels: making, joining, leaving, links, members, rights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon import errors, functions, types

from bybot.clock import ManualClock
from tests.sandbox.chats import Recorder, chats, new_messages, picture


async def test_a_new_channel_belongs_to_its_maker() -> None:
    async with chats() as c:
        answer = await c.b(functions.channels.CreateChannelRequest("Mine", "about it", broadcast=True))
        [service] = new_messages(answer)
        assert (service.id, service.action.title) == (1, "Mine")
        [chat] = answer.chats
        assert (chat.title, chat.creator, chat.broadcast, chat.megagroup) == ("Mine", True, True, False)
        assert (await c.b.send_message(chat, "first")).id == 2
        full = await c.b(functions.channels.GetFullChannelRequest(chat))
        assert (full.full_chat.about, full.full_chat.participants_count) == ("about it", 1)
        assert full.full_chat.pts == c.world.channel(chat.id).pts
        group = (await c.b(functions.channels.CreateChannelRequest("Ours", "", megagroup=True))).chats[0]
        assert (group.broadcast, group.megagroup) == (False, True)
        with pytest.raises(errors.ChatTitleEmptyError):
            await c.b(functions.channels.CreateChannelRequest("  ", ""))


async def test_joining_a_public_channel_brings_its_posts() -> None:
    async with chats() as c:
        eve = c.world.create_account("Eve")
        e = await c.client(eve)
        second = await c.client(eve)
        await second.get_me()
        other = Recorder(second)
        assert (await e.get_entity("news_all")).left
        answer = await e(functions.channels.JoinChannelRequest("news_all"))
        assert isinstance(answer, types.messages.ChatInviteJoinResultOk)
        assert answer.updates.chats[0].left is False
        [update] = await other.wait(types.UpdateChannel)
        assert update.channel_id == c.news.id
        heard = Recorder(e)
        c.post("for members")
        [update] = await heard.wait(types.UpdateNewChannelMessage)
        assert update.message.message == "for members"
        await e(functions.channels.JoinChannelRequest("news_all"))
        assert [d.name for d in await e.get_dialogs()] == ["News"]


async def test_whoever_left_gets_nothing_more() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        await c.b(functions.channels.LeaveChannelRequest("news_all"))
        c.post("not for bob")
        c.post("for bob", c.group)
        [update] = await heard.wait(types.UpdateNewChannelMessage)
        assert update.message.message == "for bob"
        assert "News" not in [d.name for d in await c.b.get_dialogs()]
        with pytest.raises(errors.UserNotParticipantError):
            await c.b(functions.channels.LeaveChannelRequest("news_all"))
        with pytest.raises(errors.UserCreatorError):
            await c.a(functions.channels.LeaveChannelRequest("news_all"))


async def test_a_private_channel_is_joined_by_link_only() -> None:
    async with chats() as c:
        c.post("hidden", c.vault)
        vault = await c.meet(c.a, c.vault)
        link = (await c.a(functions.messages.ExportChatInviteRequest(vault))).link
        code = link.rsplit("+")[-1]
        preview = await c.b(functions.messages.CheckChatInviteRequest(code))
        assert (preview.title, preview.participants_count, preview.broadcast) == ("Vault", 1, True)
        hidden = types.InputChannel(c.vault.id, c.vault.access_hash)
        with pytest.raises(errors.ChannelPrivateError):
            await c.b(functions.channels.JoinChannelRequest(hidden))
        joined = await c.b(functions.messages.ImportChatInviteRequest(code))
        assert joined.updates.chats[0].title == "Vault"
        assert (await c.b.get_messages(await c.meet(c.b, c.vault), limit=1))[0].message == "hidden"
        already = await c.b(functions.messages.CheckChatInviteRequest(code))
        assert already.chat.id == c.vault.id
        with pytest.raises(errors.UserAlreadyParticipantError):
            await c.b(functions.messages.ImportChatInviteRequest(code))
        assert (await c.b.get_entity(link)).title == "Vault"


async def test_links_expire_and_are_used_up() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    async with chats(clock=clock) as c:
        vault = await c.meet(c.a, c.vault)
        export = functions.messages.ExportChatInviteRequest
        short = await c.a(export(vault, expire_date=clock.now() + timedelta(hours=1)))
        once = await c.a(export(vault, usage_limit=1))
        clock.advance(3601)
        for invite, error in ((short, errors.InviteHashExpiredError), (once, None)):
            code = invite.link.rsplit("+")[-1]
            if error is None:
                await c.b(functions.messages.ImportChatInviteRequest(code))
            else:
                with pytest.raises(error):
                    await c.b(functions.messages.ImportChatInviteRequest(code))
        eve = await c.client(c.world.create_account("Eve"))
        with pytest.raises(errors.InviteHashExpiredError):
            await eve(functions.messages.ImportChatInviteRequest(once.link.rsplit("+")[-1]))
        with pytest.raises(errors.InviteHashInvalidError):
            await eve(functions.messages.CheckChatInviteRequest("nonsense"))
        with pytest.raises(errors.ChatAdminRequiredError):
            await c.b(export(await c.b.get_input_entity("news_all")))


async def test_posting_needs_the_right() -> None:
    async with chats() as c:
        with pytest.raises(errors.ChatWriteForbiddenError):
            await c.b.send_message("news_all", "may I?")
        eve = await c.client(c.world.create_account("Eve"))
        with pytest.raises(errors.ChatWriteForbiddenError):
            await eve.send_message("group_all", "from outside")
        await c.a.edit_admin("news_all", "bob_second", post_messages=True, title="writer")
        assert (await c.b.send_message("news_all", "I may")).post
        entity = await c.b.get_entity("news_all")
        assert (entity.admin_rights.post_messages, entity.admin_rights.ban_users) == (True, False)
        await c.a.edit_admin("news_all", "bob_second", is_admin=False)
        with pytest.raises(errors.ChatWriteForbiddenError):
            await c.b.send_message("news_all", "no more")
        with pytest.raises(errors.ChatAdminRequiredError):
            await c.b.edit_admin("news_all", "bob_second", post_messages=True)


async def test_a_promotion_is_told_to_the_one_promoted() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        await c.a.edit_admin("news_all", "bob_second", post_messages=True)
        [update] = await heard.wait(types.UpdateChannel)
        assert update.channel_id == c.news.id
        place = (await c.b(functions.channels.GetParticipantRequest("news_all", "me"))).participant
        assert (place.admin_rights.post_messages, place.promoted_by, place.is_self) == (True, c.ann.id, True)


async def test_the_banned_neither_write_nor_read_what_is_private() -> None:
    async with chats() as c:
        await c.a.edit_permissions("group_all", "bob_second", send_messages=False)
        with pytest.raises(errors.UserBannedInChannelError):
            await c.b.send_message("group_all", "muted")
        assert (await c.b.get_messages("group_all", limit=1)).total
        await c.a.edit_permissions("group_all", "bob_second")
        assert (await c.b.send_message("group_all", "forgiven")).id
        await c.a.edit_permissions("group_all", "bob_second", send_media=False)
        assert (await c.b.send_message("group_all", "words only")).id
        with pytest.raises(errors.ChatSendMediaForbiddenError):
            await c.b.send_file("group_all", picture())
        c.world.join(c.bob, c.vault)
        hidden = await c.meet(c.b, c.vault)
        heard = Recorder(c.b)
        await c.a.edit_permissions(await c.meet(c.a, c.vault), "bob_second", view_messages=False)
        await heard.wait(types.UpdateChannel)
        with pytest.raises(errors.ChannelPrivateError):
            await c.b.get_messages(hidden, limit=1)
        with pytest.raises(errors.UserAdminInvalidError):
            await c.a.edit_permissions("group_all", "ann_first", send_messages=False)


async def test_members_are_listed_by_kind_and_only_to_admins_of_a_channel() -> None:
    async with chats() as c:
        bot = c.world.create_bot("Robot", "robot_bot", "900001:secret")
        c.world.set_admin(c.news, bot)

        async def names(client: Any, kind: Any) -> list[str]:
            return sorted(u.first_name for u in await client.get_participants("news_all", filter=kind))

        assert await names(c.a, None) == ["Ann", "Bob", "Robot"]
        assert await names(c.a, types.ChannelParticipantsAdmins()) == ["Ann", "Robot"]
        assert await names(c.a, types.ChannelParticipantsBots()) == ["Robot"]
        assert [u.first_name for u in await c.a.get_participants("news_all", search="bo")] == ["Bob", "Robot"]
        with pytest.raises(errors.ChatAdminRequiredError):
            await c.b.get_participants("news_all")
        assert len(await c.b.get_participants("group_all")) == 2
        rights = await c.a.get_permissions("news_all", "bob_second")
        assert (rights.is_admin, rights.is_creator) == (False, False)
        with pytest.raises(errors.UserNotParticipantError):
            await c.a.get_permissions("news_all", c.world.create_account("Eve", username="eve_x") and "eve_x")


async def test_people_are_added_by_an_admin() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        vault = await c.meet(c.a, c.vault)
        answer = await c.a(functions.channels.InviteToChannelRequest(vault, ["bob_second"]))
        assert answer.missing_invitees == []
        await heard.wait(types.UpdateChannel)
        assert c.bob.id in c.vault.members
        with pytest.raises(errors.ChatAdminRequiredError):
            await c.b(functions.channels.InviteToChannelRequest("news_all", ["ann_first"]))


async def test_slow_mode_tells_the_seconds_left() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    async with chats(clock=clock) as c:
        await c.a(functions.channels.ToggleSlowModeRequest("group_all", 30))
        assert (await c.b.get_entity("group_all")).slowmode_enabled
        c.b.flood_sleep_threshold = 0
        await c.b.send_message("group_all", "one")
        clock.advance(10)
        with pytest.raises(errors.SlowModeWaitError) as caught:
            await c.b.send_message("group_all", "two")
        assert caught.value.seconds == 20
        assert (await c.a.send_message("group_all", "the owner may")).id
        clock.advance(20)
        assert (await c.b.send_message("group_all", "three")).id


async def test_a_channel_is_renamed_made_private_and_public_again() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        await c.a(functions.channels.EditTitleRequest("news_all", "Olds"))
        await heard.wait(types.UpdateChannel)
        [update] = await heard.wait(types.UpdateNewChannelMessage)
        assert update.message.action.title == "Olds"
        assert (await c.b.get_entity("news_all")).title == "Olds"
        news = await c.a.get_input_entity("news_all")
        await c.a(functions.channels.UpdateUsernameRequest(news, ""))
        with pytest.raises(errors.UsernameNotOccupiedError):
            await c.b(functions.contacts.ResolveUsernameRequest("news_all"))
        with pytest.raises(errors.UsernameOccupiedError):
            await c.a(functions.channels.UpdateUsernameRequest(news, "bob_second"))
        await c.a(functions.channels.UpdateUsernameRequest(news, "olds_all"))
        assert (await c.b.get_entity("olds_all")).id == c.news.id


async def test_a_deleted_channel_is_gone_for_everybody() -> None:
    async with chats() as c:
        heard = Recorder(c.b)
        known = await c.b.get_input_entity("news_all")
        with pytest.raises(errors.ChatAdminRequiredError):
            await c.b(functions.channels.DeleteChannelRequest(known))
        await c.a(functions.channels.DeleteChannelRequest("news_all"))
        await heard.wait(types.UpdateChannel)
        with pytest.raises(errors.ChannelPrivateError):
            await c.b.get_messages(known, limit=1)
        assert "News" not in [d.name for d in await c.b.get_dialogs()]
        with pytest.raises(errors.UsernameNotOccupiedError):
            await c.b(functions.contacts.ResolveUsernameRequest("news_all"))


async def test_signatures_name_the_author_of_a_post() -> None:
    async with chats() as c:
        c.news.signatures = True
        assert (await c.a.send_message("news_all", "signed")).post_author == "Ann"
        c.news.signatures = False
        assert (await c.a.send_message("news_all", "unsigned")).post_author is None
