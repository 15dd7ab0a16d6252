"""A session of Python's imaplib: imaplib-session.py PORT USER PASSWORD."""

import imaplib
import ssl
import sys
import time

port, user, password = sys.argv[1:]


def ok(answer):
    status, data = answer
    assert status == "OK", answer
    return data


context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE  # The server's certificate is its own.

client = imaplib.IMAP4("127.0.0.1", int(port))
assert "STARTTLS" in client.capabilities, client.capabilities
ok(client.starttls(context))
ok(client.login(user, password))
assert {"IDLE", "UIDPLUS", "MOVE", "QRESYNC"} <= set(client.capabilities), client.capabilities

moment = imaplib.Time2Internaldate(time.mktime((2026, 1, 2, 3, 4, 5, 0, 0, 0)))
for number in range(3):
    message = f"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_{number}?=\r\nFrom: a@example.org\r\n\r\nText {number}\r\n".encode()
    ok(client.append("INBOX", "(\\Seen)" if number == 0 else "", moment, message))

assert ok(client.select("INBOX")) == [b"3"]
assert ok(client.search(None, "UNSEEN")) == [b"2 3"]
client.literal = "Grüße 1".encode()
assert ok(client.uid("SEARCH", "CHARSET", "UTF-8", "SUBJECT")) == [b"2"]
ok(client.store("2", "+FLAGS", "(\\Flagged $Work)"))
data = ok(client.fetch("2", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[TEXT])"))
assert b"$Work" in data[0][0] and data[0][1] == b"Text 1\r\n", data

ok(client.create("Reports"))
ok(client.subscribe("Reports"))
ok(client.copy("3", "Reports"))
ok(client.store("3", "+FLAGS", "(\\Deleted)"))
assert ok(client.expunge()) == [b"3"]
ok(client.uid("STORE", "1", "+FLAGS", "(\\Deleted)"))
ok(client.close())
assert b'"Reports"' in ok(client.lsub())[-1] or any(b"Reports" in line for line in ok(client.lsub()))
assert b"MESSAGES 1" in ok(client.status("INBOX", "(MESSAGES UIDNEXT)"))[0]
client.logout()
