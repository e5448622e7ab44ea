"""dkimpy's half of dkim-python.test.ts: a JSON list of tasks on stdin, a JSON list of answers on stdout."""
import base64
import json
import sys

import dkim

tasks = json.load(sys.stdin)
zone = {name.encode(): record.encode() for name, record in tasks["zone"].items()}


def find(name, timeout=5):
    return zone.get(name.rstrip(b"."))


def answer(task):
    message = base64.b64decode(task["message"])
    if task["do"] == "verify":
        signatures = message.lower().count(b"\ndkim-signature:") + message.lower().startswith(b"dkim-signature:")
        return [bool(dkim.DKIM(message).verify(index, dnsfunc=find)) for index in range(signatures)]
    if task["do"] == "arc-verify":
        return dkim.arc_verify(message, dnsfunc=find)[0].decode()
    key = task["key"].encode()
    selector, domain = task["selector"].encode(), task["domain"].encode()
    if task["do"] == "sign":
        how = tuple(word.encode() for word in task["canonicalization"].split("/"))
        algorithm = task["algorithm"].encode()
        return dkim.sign(message, selector, domain, key, canonicalize=how, signature_algorithm=algorithm).decode()
    if task["do"] == "arc-sign":
        return b"".join(dkim.arc_sign(message, selector, domain, key, task["id"].encode())).decode()
    raise ValueError(task["do"])


json.dump([answer(task) for task in tasks["tasks"]], sys.stdout)
