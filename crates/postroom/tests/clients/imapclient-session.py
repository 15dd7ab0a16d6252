"""A session of Python's IMAPClient: imapclient-session.py PORT USER PASSWORD CERTIFICATE."""

import ssl
import sys
import time

from imapclient import DELETED, FLAGGED, SEEN, IMAPClient
from imapclient.imapclient import SENT

port, user, password, certificate = sys.argv[1:]

# Seconds until a session that waits for news gives up.
PATIENCE = 30


def connect():
    context = ssl.create_default_context(cafile=certificate)
    client = IMAPClient("localhost", port=int(port), ssl_context=context, timeout=PATIENCE)
    client.login(user, password)
    return client


def message(number):
    return f"Subject: Grüße {number}\r\nFrom: a@example.org\r\n\r\nText {number}\r\n".encode()


def hear(idling, wanted):
    """Waits until the idling connection is told what is wanted."""
    heard, end = [], time.monotonic() + PATIENCE
    while not any(wanted(line) for line in heard):
        assert time.monotonic() < end, heard
        heard += idling.idle_check(timeout=1)
    return heard


reader, writer = connect(), connect()
assert writer.id_({"name": "test"})[0][:2] == (b"name", b"Postroom")
assert writer.namespace().personal == (("", "/"),)
assert writer.find_special_folder(SENT) == "Sent"
assert reader.enable("CONDSTORE") == [b"CONDSTORE"]

# One idles while the other appends, flags and expunges.
assert reader.select_folder("INBOX")[b"EXISTS"] == 0
reader.idle()
writer.append("INBOX", message(1))
writer.append("INBOX", message(2), flags=[SEEN])
hear(reader, lambda line: line == (2, b"EXISTS"))
selected = writer.select_folder("INBOX")
assert selected[b"EXISTS"] == 2 and selected[b"HIGHESTMODSEQ"] > 0, selected
before = selected[b"HIGHESTMODSEQ"]
assert writer.add_flags(1, [FLAGGED, "$Work"]) == {1: (FLAGGED, b"$Work")}
hear(reader, lambda line: line[:2] == (1, b"FETCH") and FLAGGED in line[2][line[2].index(b"FLAGS") + 1])
reader.idle_done()

# What changed since then is one message, by FETCH and by SEARCH.
changed = reader.fetch([1, 2], ["FLAGS"], [f"CHANGEDSINCE {before}"])
assert list(changed) == [1] and b"$Work" in changed[1][b"FLAGS"], changed
found = reader.search(["MODSEQ", str(before + 1)])
assert found == [1] and found.modseq > before, found

# Searches in UTF-8, and what is fetched, parsed by the client.
assert reader.search(["SUBJECT", "grüße 2"], charset="UTF-8") == [2]
assert reader.search(["NOT", "SUBJECT", "Grüße 2", "NOT", ["SEEN", "FLAGGED"]], charset="UTF-8") == [1]
fetched = reader.fetch([2], ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "BODY.PEEK[TEXT]"])[2]
assert fetched[b"ENVELOPE"].from_[0].mailbox == b"a" and fetched[b"BODY[TEXT]"] == b"Text 2\r\n", fetched
assert fetched[b"RFC822.SIZE"] == len(message(2)) and fetched[b"BODYSTRUCTURE"][:2] == (b"TEXT", b"PLAIN"), fetched

# A folder with a name in UTF-8, and a message that moves there while the other idles.
writer.create_folder("Ablage/Grüße")
assert writer.folder_exists("Ablage/Grüße")
assert any(name == "Ablage/Grüße" for _, _, name in writer.list_folders())
writer.subscribe_folder("Ablage/Grüße")
assert "Ablage/Grüße" in [name for _, _, name in writer.list_sub_folders()]
reader.idle()
moved = writer.move([2], "Ablage/Grüße")
hear(reader, lambda line: line == (2, b"EXPUNGE"))
reader.idle_done()
writer.select_folder("Ablage/Grüße")
assert SEEN not in writer.remove_flags([1], [SEEN])[1]
writer.rename_folder("Ablage/Grüße", "Ablage/Später")
assert writer.folder_status("Ablage/Später", ["MESSAGES", "UNSEEN"]) == {b"MESSAGES": 1, b"UNSEEN": 1}
writer.unselect_folder()
writer.rename_folder("Ablage/Später", "Ablage/Grüße")

# Two messages at once; one of them goes by its UID alone.
writer.multiappend("INBOX", [{"msg": message(3), "flags": [SEEN]}, {"msg": message(4)}])
writer.select_folder("INBOX")
writer.add_flags([1, 3], [DELETED], silent=True)
writer.uid_expunge([3])
writer.remove_flags([1], [DELETED], silent=True)
assert writer.search() == [1, 4]

# Quotas of RFC 9208, read by a client of RFC 2087.
root, quotas = writer.get_quota_root("INBOX")
limits = {quota.resource: (quota.usage, quota.limit) for quota in quotas}
assert root.quota_roots and limits["MESSAGE"] == (3, 100) and limits["STORAGE"][1] == 5 << 20, (root, quotas)

reader.logout()
writer.logout()
