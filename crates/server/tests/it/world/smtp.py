"""A mail server for tests: takes every mail and prints it as a line of JSON, until its input ends.

The first line says where it listens. Given a certificate and its key, both in PEM files, it speaks TLS. A recipient at refused.example is refused, as a mail server refuses one.
"""

import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP


class Print:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@refused.example"):
            return "550 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": mail["subject"],
            "auto_submitted": mail["auto-submitted"],
            "text": mail.get_content(),
        }
        print(json.dumps(line), flush=True)
        return "250 taken"


async def main():
    loop = asyncio.get_running_loop()
    tls = None
    if sys.argv[1:]:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*sys.argv[1:])
    server = await loop.create_server(lambda: SMTP(Print(), hostname="localhost"), "127.0.0.1", 0, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
