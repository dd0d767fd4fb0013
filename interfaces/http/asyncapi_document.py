"""What is said over NATS as an AsyncAPI document, made from the tables that it is said by."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from application.integration.channels import (
    Action,
    Channel,
    Form,
    JetStream,
    Message,
    Operation,
    Parameter,
    Proof,
    Servers,
)
from interfaces.http.openapi_schemas import component_schemas, ref
from interfaces.program import program_version

ASYNCAPI = "3.0.0"

_DEFAULT_PORT = 4222
_HEADERS_TYPE = {"type": "object"}

_SCHEMES = {
    Proof.TOKEN: {
        "type": "apiKey",
        "in": "user",
        "description": "A token, in the place of a user in the URL: `nats://<token>@host:4222`.",
    },
    Proof.USER: {
        "type": "userPassword",
        "description": "User and password, in the URL: `nats://<user>:<password>@host:4222`.",
    },
    Proof.CREDENTIALS: {
        "type": "asymmetricEncryption",
        "description": "A credentials file: a user's JWT, and the NKey seed that signs the server's nonce.",
    },
    Proof.CERTIFICATE: {"type": "X509", "description": "A TLS certificate of the client."},
}

Json = dict[str, Any]
Named = TypeVar("Named", Operation, Channel, Message)


def asyncapi_document(operations: Iterable[Operation], *, servers: Servers) -> Json:
    """Return the document (Source: AsyncAPI Specification 3.0.0, NATS bindings 0.1.0).

    What NATS's binding has no word for is told under `x-nats-subject` (wildcards as they are subscribed to) and
    `x-nats-jetstream`.

    Args:
        operations: All that is sent and received.
        servers: Where NATS is.

    Raises:
        ValueError: Two operations have one id, two channels one address, or two kinds of messages one name.
    """
    told = sorted(operations, key=lambda each: each.id)
    channels = _named((_channel_id(each), each) for operation in told for each in _channels(operation))
    messages = _named((each.name, each) for channel in channels.values() for each in channel.messages)
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Machine Learning Service",
            "version": program_version(),
            "description": "What the service says and hears over NATS; events are CloudEvents 1.0 in binary mode.",
        },
        "defaultContentType": "application/json",
        "servers": {
            f"nats-{number}": _server(each, servers.proof) for number, each in enumerate(servers.urls, start=1)
        },
        "channels": {id_: _channel(each) for id_, each in sorted(channels.items())},
        "operations": {id_: _operation(each) for id_, each in _named((each.id, each) for each in told).items()},
        "components": {
            "messages": {name: _message(each) for name, each in sorted(messages.items())},
            "schemas": _schemas(told),
            **(
                {}
                if servers.proof is None
                else {"securitySchemes": {servers.proof.value: _SCHEMES[servers.proof]}}
            ),
        },
    }


def _operation(operation: Operation) -> Json:
    bindings = {"bindings": {"nats": {"queue": operation.queue}}} if operation.queue else {}
    answers = operation.reply
    reply = (
        {}
        if answers is None
        else {"reply": {"channel": _channel_ref(answers), "messages": _message_refs(answers)}}
    )
    kept = {} if operation.kept is None else {"x-nats-jetstream": _kept(operation.kept)}
    tags = {"tags": [{"name": each} for each in operation.tags]} if operation.tags else {}
    return {
        "action": operation.action.value,
        "channel": _channel_ref(operation.channel),
        "summary": operation.summary,
        "messages": _message_refs(operation.channel),
        **reply,
        **tags,
        **bindings,
        **kept,
    }


def _kept(kept: JetStream) -> Json:
    if kept.durable is None:
        return {"stream": kept.stream}
    bound = {} if kept.max_deliver is None else {"maxDeliver": kept.max_deliver}
    return {"stream": kept.stream, "durable": kept.durable, "ackPolicy": "explicit", **bound}


def _channel(channel: Channel) -> Json:
    wildcards = {"x-nats-subject": channel.subject} if channel.parameters else {}
    parameters = {"parameters": {each.name: _parameter(each) for each in channel.parameters}}
    return {
        "address": channel.address,
        "messages": {each.name: {"$ref": f"#/components/messages/{each.name}"} for each in channel.messages},
        **(parameters if channel.parameters else {}),
        **wildcards,
    }


def _parameter(parameter: Parameter) -> Json:
    return {"description": parameter.description, **({"enum": list(parameter.values)} if parameter.values else {})}


def _message(message: Message) -> Json:
    headers = {} if message.headers is None else {"headers": {**_HEADERS_TYPE, **_form(message.headers)}}
    return {
        "name": message.name,
        "summary": message.summary,
        "contentType": message.content_type,
        **headers,
        "payload": _form(message.payload),
    }


def _form(form: Form) -> Json:
    return ref(form) if isinstance(form, type) else dict(form)


def _server(url: str, proof: Proof | None) -> Json:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    security = {} if proof is None else {"security": [{"$ref": f"#/components/securitySchemes/{proof}"}]}
    return {"host": f"{host}:{parts.port or _DEFAULT_PORT}", "protocol": "nats", **security}


def _schemas(operations: Iterable[Operation]) -> Mapping[str, Any]:
    taken: list[type[BaseModel]] = []
    answered: list[type[BaseModel]] = []
    for operation in operations:
        asked, replied = (taken, answered) if operation.action is Action.RECEIVE else (answered, taken)
        asked += _models(operation.channel)
        if operation.reply is not None:
            replied += _models(operation.reply)
    return component_schemas(taken=taken, answered=answered)


def _models(channel: Channel) -> list[type[BaseModel]]:
    forms = (form for each in channel.messages for form in (each.payload, each.headers))
    return [each for each in forms if isinstance(each, type)]


def _named(found: Iterable[tuple[str, Named]]) -> dict[str, Named]:
    """Return name → what has it, of which there is one."""
    named: dict[str, Named] = {}
    for name, each in found:
        if named.setdefault(name, each) != each:
            message = f"{name!r} is the name of two that differ"
            raise ValueError(message)
    return named


def _channels(operation: Operation) -> list[Channel]:
    return [operation.channel, *([operation.reply] if operation.reply is not None else [])]


def _channel_id(channel: Channel) -> str:
    """Return a name for the channel: its address where it has one, else what goes over it."""
    if channel.address is None:
        return f"reply.{'.or.'.join(each.name for each in channel.messages)}"
    return channel.address.replace("{", "").replace("}", "").replace("$", "")


def _channel_ref(channel: Channel) -> Json:
    return {"$ref": f"#/channels/{_channel_id(channel)}"}


def _message_refs(channel: Channel) -> list[Json]:
    return [{"$ref": f"#/channels/{_channel_id(channel)}/messages/{each.name}"} for each in channel.messages]
