"""
Control endpoints, so that anything that speaks HTTP can drive the simulator: JSON in, JSON out, under `/_sandbox/`.

A wrong request is answered with 400 and `{"error": ...}` in plain words.
"""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.slack.deliveries import DeliveryFault
from pagebridge_sandbox.slack.fault_plan import FaultPlan
from pagebridge_sandbox.slack.faults import ActiveFault, Fault
from pagebridge_sandbox.slack.interactions import Interaction
from pagebridge_sandbox.slack.messages import BaseMessage, Ephemeral, Message
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.simulator import SlackSimulator

Endpoint = Callable[[SlackSimulator, Json], Any]
"""Does something with the arguments of a request; what it returns (or awaits) is the answer."""


def routes(sandbox: SlackSimulator) -> list[web.RouteDef]:
    """Make the routes: everything that reads is a GET, everything else a POST."""
    reading = [web.get(f"/_sandbox/{name}", _handler(sandbox, verb)) for name, verb in GET_ENDPOINTS.items()]
    return reading + [web.post(f"/_sandbox/{name}", _handler(sandbox, verb)) for name, verb in POST_ENDPOINTS.items()]


def _handler(sandbox: SlackSimulator, verb: Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            arguments = {**request.query, **(await request.json(loads=decode) if request.body_exists else {})}
            result = verb(sandbox, arguments)
            return web.json_response(await result if isinstance(result, Awaitable) else result)
        except (AssertionError, LookupError, TypeError, ValueError, SlackError) as error:
            # A missing or wrong argument, or something that a person could not do.
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    return handle


def _describe(slack: SlackSimulator, _arguments: Json) -> Json:
    return {
        "api_url": slack.api_url,
        "bot_token": slack.bot_token,
        "app_token": slack.app_token,
        "signing_secret": slack.signing_secret,
        "team_id": slack.team_id,
        "bot_user_id": slack.bot_user_id,
        "connections": slack.socket.connections,
        "users": [{"id": user.id, "name": user.name} for user in slack.users.values()],
        "channels": [{"id": channel.id, "name": channel.name} for channel in slack.channels.values()],
    }


def _calls(slack: SlackSimulator, arguments: Json) -> list[Json]:
    wanted = arguments.get("method")
    return [dataclasses.asdict(call) for call in slack.calls if wanted in (None, call.method)]


def _envelopes(slack: SlackSimulator, _arguments: Json) -> list[Json]:
    return [dataclasses.asdict(envelope) | {"acked": envelope.acked} for envelope in slack.envelopes]


def _channel(slack: SlackSimulator, arguments: Json) -> Json:
    channel = slack.channels[arguments["channel"]]
    shown = slack.render_channel(channel.id)
    return {"shown": shown, "messages": [_message_json(message) for message in channel.messages]}


def _message_json(message: Message) -> Json:
    replies = [_message_json(reply) for reply in message.replies]
    return message.as_json(with_metadata=True) | _visible_json(message) | {"replies": replies}


def _visible_json(shown: BaseMessage) -> Json:
    return {"plain": shown.plain, "buttons": shown.buttons}


def _private(slack: SlackSimulator, arguments: Json) -> list[Json]:
    return [
        {"ts": shown.ts, "channel": shown.channel_id, "text": shown.text, "history": shown.history}
        | _visible_json(shown)
        for shown in slack.person(arguments["user"]).private_messages
    ]


def _faults(slack: SlackSimulator, _arguments: Json) -> list[Json]:
    return [_fault_json(active) for active in slack.faults]


def _fault_json(active: ActiveFault) -> Json:
    return {"id": active.id, "match_count": active.match_count} | dataclasses.asdict(active.fault)


def _add_fault(slack: SlackSimulator, arguments: Json) -> Json:
    return _fault_json(slack.add_fault(Fault(**arguments)))


def _remove_fault(slack: SlackSimulator, arguments: Json) -> Json:
    for active in slack.faults:
        if arguments.get("id") in (None, active.id):
            active.remove()
    return {}


def _add_user(slack: SlackSimulator, arguments: Json) -> Json:
    return {"id": slack.add_user(**arguments).id}


def _add_channel(slack: SlackSimulator, arguments: Json) -> Json:
    return {"id": slack.add_channel(**arguments).id}


async def _change_user(slack: SlackSimulator, arguments: Json) -> Json:
    user = slack.users[arguments.pop("user")]
    _set_attributes(user, arguments)
    await slack.user_changed(user.id)
    return {"id": user.id}


def _change_channel(slack: SlackSimulator, arguments: Json) -> Json:
    channel = slack.channels[arguments.pop("channel")]
    _set_attributes(channel, arguments)
    slack.changes.notify()
    return {"id": channel.id}


def _set_attributes(thing: object, values: Json) -> None:
    for name, value in values.items():
        if not hasattr(thing, name):
            raise ValueError(f"there is no {name}")
        setattr(thing, name, value)


async def _click(slack: SlackSimulator, arguments: Json) -> Json:
    person = slack.person(arguments["user"])
    message = _find_message(slack, arguments["channel"], arguments["user"], arguments["ts"])
    return _interaction_json(await person.click(arguments["label"], message, confirm=arguments.get("confirm")))


def _find_message(slack: SlackSimulator, channel: str, user: str, ts: str) -> Message | Ephemeral:
    for shown in slack.person(user).private_messages:
        if shown.ts == ts:
            return shown
    message = slack.channels[channel].find(ts)
    if message is None:
        raise LookupError(f"there is no message {ts} in {channel}")
    return message


async def _type_command(slack: SlackSimulator, arguments: Json) -> Json:
    return _interaction_json(
        await slack.person(arguments["user"]).type_command(arguments["text"], arguments["channel"])
    )


def _post(slack: SlackSimulator, arguments: Json) -> Json:
    person = slack.person(arguments["user"])
    return {"ts": person.post(arguments["text"], arguments["channel"], arguments.get("thread_ts")).ts}


def _reload(slack: SlackSimulator, arguments: Json) -> Json:
    slack.person(arguments["user"]).reload()
    return {}


def _interaction_json(interaction: Interaction) -> Json:
    return {
        "acked": interaction.acked,
        "failure": interaction.failure,
        "envelope_id": interaction.envelope_id,
        "response_url": interaction.response_url,
        "dialog": dataclasses.asdict(interaction.dialog) if interaction.dialog else None,
    }


def _modal(slack: SlackSimulator, arguments: Json) -> Json:
    modal = slack.person(arguments["user"]).modal
    shown = {"title": modal.title, "plain": modal.plain, "values": modal.values, "buttons": modal.buttons}
    return shown | {"errors": modal.errors, "trouble": modal.submission_error}


def _fill_modal(slack: SlackSimulator, arguments: Json) -> Json:
    modal, label = slack.person(arguments["user"]).modal, arguments["label"]
    for way, put in (("text", modal.fill), ("person", modal.pick_user), ("option", modal.choose)):
        if way in arguments:
            put(label, arguments[way])
    return {}


async def _end_modal(slack: SlackSimulator, arguments: Json) -> Json:
    modal = slack.person(arguments["user"]).modal
    ways = {"submit": modal.submit, "close": modal.close, "dismiss": modal.dismiss}
    return _interaction_json(await ways[arguments.get("how", "submit")]())


async def _shortcut(slack: SlackSimulator, arguments: Json) -> Json:
    channel, ts = arguments.get("channel", ""), arguments.get("ts")
    message = slack.channels[channel].find(ts) if ts else None
    return _interaction_json(await slack.person(arguments["user"]).shortcut(arguments["name"], message))


def _set_fault_plan(slack: SlackSimulator, arguments: Json) -> Json:
    tuples = {name: tuple(value) for name, value in arguments.items() if isinstance(value, list)}
    slack.plan = FaultPlan(**{**arguments, **tuples}) if arguments else None
    return dataclasses.asdict(slack.plan) if slack.plan else {}


def _add_delivery_fault(slack: SlackSimulator, arguments: Json) -> Json:
    slack.add_delivery_fault(DeliveryFault(**arguments))
    return {}


def _advance_clock(slack: SlackSimulator, arguments: Json) -> Json:
    slack.advance(float(arguments["seconds"]))
    return {"now": slack.clock.now()}


async def _redeliver(slack: SlackSimulator, arguments: Json) -> Json:
    sent = {envelope.id: envelope for envelope in slack.envelopes}[arguments["envelope_id"]]
    return _interaction_json(await slack.redeliver(Interaction("", envelope=sent)))


async def _set_request_url(slack: SlackSimulator, arguments: Json) -> Json:
    await slack.use_request_url(arguments["url"])
    return {}


async def _refresh_connections(slack: SlackSimulator, arguments: Json) -> Json:
    await slack.socket.refresh(**arguments)
    return _connections(slack)


async def _disconnect(slack: SlackSimulator, arguments: Json) -> Json:
    await slack.socket.disconnect(**arguments)
    return _connections(slack)


def _cut_connections(slack: SlackSimulator, arguments: Json) -> Json:
    slack.socket.cut(**arguments)
    return _connections(slack)


def _half_open(slack: SlackSimulator, arguments: Json) -> Json:
    slack.socket.half_open(**arguments)
    return _connections(slack)


def _refuse_handshakes(slack: SlackSimulator, arguments: Json) -> Json:
    slack.socket.refuse_handshakes(int(arguments["n"]))
    return _connections(slack)


def _connections(slack: SlackSimulator) -> Json:
    return {"connections": slack.socket.connections}


GET_ENDPOINTS: dict[str, Endpoint] = {
    "": _describe,
    "calls": _calls,
    "envelopes": _envelopes,
    "channel": _channel,
    "private": _private,
    "faults": _faults,
    "modal": _modal,
}
POST_ENDPOINTS: dict[str, Endpoint] = {
    "click": _click,
    "type": _type_command,
    "post": _post,
    "reload": _reload,
    "redeliver": _redeliver,
    "request_url": _set_request_url,
    "users": _add_user,
    "users/change": _change_user,
    "channels": _add_channel,
    "channels/change": _change_channel,
    "modal/fill": _fill_modal,
    "modal/end": _end_modal,
    "shortcut": _shortcut,
    "faults": _add_fault,
    "faults/plan": _set_fault_plan,
    "faults/delivery": _add_delivery_fault,
    "clock/advance": _advance_clock,
    "faults/remove": _remove_fault,
    "socket/refresh": _refresh_connections,
    "socket/disconnect": _disconnect,
    "socket/cut": _cut_connections,
    "socket/half_open": _half_open,
    "socket/refuse_handshakes": _refuse_handshakes,
}
