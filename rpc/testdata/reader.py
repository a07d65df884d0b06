"""What Python makes of a request body: json.loads and xmlrpc.client.loads, as Odoo calls them.

Reads from standard input: one byte that names the reader (j: json; t: xmlrpc.client with dates as text; d: with dates as
datetime), four bytes of length, the body. Writes for each four bytes of length and a JSON object: either error, or the
call.
"""
import datetime
import decimal
import json
import sys
import xmlrpc.client

sys.set_int_max_str_digits(4300)


def plain(value):
    """The value as text that is equal exactly when the values are, types and order included."""
    if isinstance(value, list):
        return "[" + ", ".join(map(plain, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(plain(k) + ": " + plain(v) for k, v in value.items()) + "}"
    if isinstance(value, xmlrpc.client.DateTime):
        return "DateTime(%r)" % value.value
    if isinstance(value, xmlrpc.client.Binary):
        return "Binary(%r)" % value.data
    return repr(value)


def argument(value):
    name = type(value).__name__
    if isinstance(value, datetime.datetime):
        name = "datetime.datetime"
    scalar = value is None or type(value) in (bool, int, float, str)
    return [name, repr(value) if scalar else "", bool(value)]


def read_json(body):
    document = json.loads(body.decode("utf-8", "replace"))
    if not isinstance(document, dict):
        raise AttributeError("no object")
    params = dict(document.get("params", {}))
    missing = [name for name in ("service", "method", "args") if name not in params]
    if missing:
        raise TypeError("missing " + " ".join(missing))
    args = params["args"]
    return {
        "id": json.dumps(document.get("id"), ensure_ascii=False),
        "service": plain(params["service"]),
        "method": plain(params["method"]),
        "args": plain(args),
        "values": [argument(v) for v in args] if isinstance(args, (list, str, dict)) else [],
    }


def read_xml(body, dates):
    args, method = xmlrpc.client.loads(body, use_datetime=dates)
    return {
        "method": plain(method),
        "args": plain(list(args)),
        "values": [argument(v) for v in args],
    }


def message(error):
    if isinstance(error, xmlrpc.client.ResponseError) and error.args:
        return error.args[0]
    return str(error)


def answer(reader, body):
    try:
        return read_json(body) if reader == b"j" else read_xml(body, reader == b"d")
    except Exception as error:
        kind = type(error)
        return {"error": message(error), "class": kind.__module__ + "." + kind.__qualname__}


def main():
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while reader := stdin.read(1):
        body = stdin.read(int.from_bytes(stdin.read(4), "big"))
        text = json.dumps(answer(reader, body)).encode()
        stdout.write(len(text).to_bytes(4, "big") + text)
        stdout.flush()


main()
