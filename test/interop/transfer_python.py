# What Python's `mailbox` package finds in an mbox or a Maildir, or writes into one.
import base64
import json
import mailbox
import sys

command, kind, path = sys.argv[1:4]


def boxes(box):
    yield "INBOX", box
    if kind == "maildir":
        for name in sorted(box.list_folders()):
            yield name, box.get_folder(name)


def flags(message):
    if kind == "maildir":
        return message.get_flags()
    return message.get_flags().replace("O", "")


def found():
    box = mailbox.mbox(path, create=False) if kind == "mbox" else mailbox.Maildir(path, create=False)
    for folder, inner in boxes(box):
        for key in inner.keys():
            message = inner[key]
            content = inner.get_bytes(key)
            yield {
                "folder": folder,
                "flags": "".join(sorted(flags(message))),
                "subject": message["subject"],
                "content": base64.b64encode(content).decode(),
                "date": message.get_date() if kind == "maildir" else 0,
            }


def write(messages):
    box = mailbox.mbox(path) if kind == "mbox" else mailbox.Maildir(path)
    for one in messages:
        inner = box
        if one["folder"] != "INBOX":
            inner = box.add_folder(one["folder"])
        message = (mailbox.mboxMessage if kind == "mbox" else mailbox.MaildirMessage)(
            base64.b64decode(one["content"])
        )
        message.set_flags(one["flags"])
        if kind == "maildir":
            message.set_subdir("cur")
            message.set_date(one["date"])
        inner.add(message)
    box.flush()
    box.close()


if command == "read":
    print(json.dumps(list(found())))
else:
    write(json.load(sys.stdin))
