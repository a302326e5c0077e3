# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that means ill, run as a user who may do nothing: ADDRESS and a JSON text with

connections, calls (of each connection at a time), path, interface, member, signature, arguments
(GVariant's text format), descriptors (attached to each call), destination, signal (it is one, and
is not answered; "strings": so many in its body), seconds (each call that is answered is
followed by another until then), stay (until standard input ends).

Prints how many calls were made and how each was answered, by error name or "ok".
"""
import collections
import json
import sys
import time

from gi.repository import Gio, GLib

address, order = sys.argv[1], json.loads(sys.argv[2])
answers = collections.Counter()
sent = done = 0
stays = [True] if order.get("stay") else []
end = time.monotonic() + order.get("seconds", 0)
body = GLib.Variant.parse(GLib.VariantType(order.get("signature", "()")),
                          order.get("arguments", "()"), None, None)


def call(connection):
    global sent
    sent += 1
    descriptors = Gio.UnixFDList()
    for _ in range(order.get("descriptors", 0)):
        descriptors.append(0)
    message = Gio.DBusMessage.new_method_call(
        order.get("destination", "org.fotad.Fota1"), order["path"], order["interface"],
        order["member"])
    message.set_body(body)
    if order.get("descriptors"):
        message.set_unix_fd_list(descriptors)
    connection.send_message_with_reply(message, Gio.DBusSendMessageFlags.NONE, 120000, None,
                                       answered)


def answered(connection, result):
    global done
    done += 1
    try:
        reply = connection.send_message_with_reply_finish(result)
        answers[reply.get_error_name() or "ok"] += 1
    except GLib.Error as error:
        answers[error.message] += 1
    if time.monotonic() < end:
        call(connection)


def flood(connection):
    """Returns when the bus has had them all."""
    global sent
    message = Gio.DBusMessage.new_signal(order["path"], order["interface"], order["member"])
    message.set_destination(order["destination"])
    message.set_body(GLib.Variant("(as)", ([""] * order["strings"],)) if "strings" in order else body)
    for _ in range(order.get("calls", 1)):
        connection.send_message(message.copy(), Gio.DBusSendMessageFlags.NONE)
        sent += 1
    connection.flush_sync(None)
    connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                         "GetId", None, None, Gio.DBusCallFlags.NONE, 120000, None)


connections = []
for _ in range(order.get("connections", 1)):
    connections.append(Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None))
    connections[-1].set_exit_on_close(False)
for connection in connections:
    for _ in range(0 if "signal" in order else order.get("calls", 1)):
        call(connection)
    if "signal" in order:
        flood(connection)
if order.get("stay"):
    GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN | GLib.IOCondition.HUP,
                          lambda *_: stays.clear())
    print("sent", flush=True)
while stays or (done < sent and not order.get("stay") and "signal" not in order):
    GLib.MainContext.default().iteration(True)
print(json.dumps({"sent": sent, "answers": answers}), flush=True)
