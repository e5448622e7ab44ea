# Python's smtplib delivers one message by LMTP or SMTP and prints what became of each recipient.
import json
import smtplib
import sys

protocol, port, sender, *recipients = sys.argv[1:]
client = (smtplib.LMTP if protocol == "lmtp" else smtplib.SMTP)("127.0.0.1", int(port))
client.ehlo("client.example")
features = client.esmtp_features
message = sys.stdin.buffer.read()
try:
    refused = client.sendmail(sender, recipients, message)
except smtplib.SMTPDataError as error:
    refused = {"*": (error.smtp_code, error.smtp_error)}
except smtplib.SMTPRecipientsRefused as error:
    refused = error.recipients
print(json.dumps({"features": features, "refused": {to: [code, text.decode()] for to, (code, text) in refused.items()}}))
client.quit()
