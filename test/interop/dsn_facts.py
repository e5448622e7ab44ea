"""What Python's email package makes of reports: a JSON list of base64 messages in, a JSON list of facts out."""

import base64
import email
import email.policy
import gzip
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


def facts(raw):
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    parts = list(message.iter_parts())
    second = parts[1]
    groups = []
    if second.get_content_type() == "message/delivery-status":
        # the package reads each group of fields as a message of its own
        groups = [[[name, str(value)] for name, value in group.items()] for group in second.get_payload()]
    report = None
    if second.get_content_type() == "application/tlsrpt+gzip":
        report = json.loads(gzip.decompress(second.get_payload(decode=True)))
    third = parts[2] if len(parts) > 2 else None
    inner = None
    if third is not None and third.get_content_type() == "message/rfc822":
        inner = third.get_payload(0)["Message-ID"]
    return {
        "type": message.get_content_type(),
        "reportType": message.get_param("report-type"),
        "auto": message["Auto-Submitted"],
        "subject": message["Subject"],
        "text": parts[0].get_content(),
        "types": [part.get_content_type() for part in parts],
        "groups": groups,
        "report": report,
        "filename": second.get_filename(),
        "inner": inner,
        "longest": max(len(line) for line in raw.split(b"\r\n")),
        "defects": defects_of(message),
    }


json.dump([facts(base64.b64decode(one)) for one in json.load(sys.stdin)], sys.stdout)
