"""What Python's email package makes of composed messages: a JSON list of base64 messages in, a JSON list of facts out."""

import base64
import email
import email.policy
import json
import sys


def defects_of(message):
    found = []
    for part in message.walk():
        found += [repr(d) for d in part.defects]
        for name in part.keys():
            for header in part.get_all(name):
                found += [f"{name}: {d!r}" for d in getattr(header, "defects", ())]
    return found


def mailboxes(message, name):
    return [
        [group.display_name, [[a.display_name, a.addr_spec] for a in group.addresses]]
        for header in message.get_all(name) or []
        for group in header.groups
    ]


def facts(raw):
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    leaves = [part for part in message.walk() if not part.is_multipart()]
    return {
        "subject": message["Subject"],
        "from": mailboxes(message, "From"),
        "to": mailboxes(message, "To"),
        "date": message["Date"].datetime.timestamp(),
        "types": [part.get_content_type() for part in message.walk()],
        "leaves": [
            {
                "filename": part.get_filename(),
                "disposition": part.get_content_disposition(),
                "charset": part.get_content_charset(),
                "method": part.get_param("method"),
                "cid": part["Content-ID"],
                "content": base64.b64encode(part.get_payload(decode=True)).decode(),
            }
            for part in leaves
        ],
        "longest": max(len(line) for line in raw.split(b"\r\n")),
        "defects": defects_of(message),
    }


json.dump([facts(base64.b64decode(one)) for one in json.load(sys.stdin)], sys.stdout)
