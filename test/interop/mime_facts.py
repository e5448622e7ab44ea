"""Facts of messages as Python's email package reads them: a JSON list of base64 messages in, a JSON list of facts out."""

import base64
import datetime
import email
import email.policy
import email.utils
import json
import sys

SHOWN = {"text/plain", "text/html", "message/delivery-status"}


def one_address(address):
    spec = address.addr_spec if address.domain else address.username
    if spec == "<>":
        spec = ""
    return f"{address.display_name} <{spec}>" if address.display_name else spec


def mailboxes(message, name):
    out = []
    for header in message.get_all(name) or []:
        for group in header.groups:
            members = ", ".join(one_address(a) for a in group.addresses)
            out.append(members if group.display_name is None else f"{group.display_name}: {members};")
    return ", ".join(out) or None


def text_of(part):
    payload = part.get_payload(decode=True)
    if payload is None:
        payload = part.get_payload()
        if isinstance(payload, list):
            return "".join(str(p) for p in payload)
        payload = payload.encode("utf-8", "surrogateescape")
    charset = part.get_content_charset("utf-8")
    try:
        return payload.decode(charset, "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")


def content_of(part):
    payload = part.get_payload(decode=True)
    if payload is None:
        payload = b"".join(p.as_bytes(policy=part.policy.clone(linesep="\r\n")) for p in part.get_payload())
    return payload.decode("latin-1")


def leaves(part):
    if part.get_content_maintype() == "multipart":
        if part.is_multipart():
            for child in part.iter_parts():
                yield from leaves(child)
    elif part.get_content_type() == "message/rfc822" and part.is_multipart() and part.get_content_disposition() == "inline":
        for child in part.get_payload():
            yield from leaves(child)
    else:
        yield part


def facts(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    plain, html, attachments = [], [], []
    for part in leaves(message):
        kind = part.get_content_type()
        if kind in SHOWN and part.get_content_disposition() in (None, "inline"):
            (html if kind == "text/html" else plain).append(text_of(part))
        else:
            attachments.append(f"{part.get_filename() or '-'} {kind} {content_of(part)}")
    date = message["date"].datetime if message["date"] is not None else None
    if date is not None and date.tzinfo is None:
        date = date.replace(tzinfo=datetime.timezone.utc)
    subject = message["subject"]
    identifier = message["message-id"]
    return {
        "subject": None if subject is None or subject == "" else str(subject).strip(),
        "from": mailboxes(message, "from"),
        "to": mailboxes(message, "to"),
        "cc": mailboxes(message, "cc"),
        "date": None if date is None else date.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "messageId": None if identifier is None else str(identifier).strip(),
        "plain": "\n".join(plain),
        "html": "\n".join(html),
        "attachments": attachments,
    }


def safely(raw):
    try:
        return facts(raw)
    except Exception as error:  # the package fails on some messages; that is a fact as well
        return {key: f"{type(error).__name__}: {error}" for key in
                ("subject", "from", "to", "cc", "date", "messageId", "plain", "html")} | {"attachments": []}


sys.stdout.reconfigure(errors="surrogateescape")
json.dump([safely(base64.b64decode(raw)) for raw in json.load(sys.stdin)], sys.stdout)
