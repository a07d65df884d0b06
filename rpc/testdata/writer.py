"""What Odoo's Python writes: xmlrpc.client.dumps and json.dumps.

Reads from standard input: one byte that says what to write, four bytes of length, a JSON text. Writes for each four bytes
of length and a JSON object: either error, or text.

    c  the methodCall of "execute_kw" whose parameters are the elements of the list, as a client in Python writes it
    o  the methodResponse of the text's "result", as Odoo up to 17 writes it
    n  the same, from 18 on
    a  the text itself, printed in ASCII
    u  the text itself, non-ASCII characters as they are
    F  the fault that is the text, as Odoo up to 17 writes it: [faultCode, faultString]
    f  the same, from 18 on
"""
import json
import sys
import xmlrpc.client

sys.set_int_max_str_digits(4300)

# Odoo's marshaller leaves out the control characters that XML can't have (write.read.control.xml2).
CONTROL = dict.fromkeys(set(range(32)) - {9, 10, 13})


def cleaned(value):
    """The value without control characters. Those in names are left in by Odoo, which makes its XML unreadable."""
    if isinstance(value, str):
        return value.translate(CONTROL)
    if isinstance(value, list):
        return [cleaned(v) for v in value]
    if isinstance(value, dict):
        return {k: cleaned(v) for k, v in value.items()}
    return value


def response(value, old):
    text = xmlrpc.client.dumps(value, methodresponse=True, allow_none=old)
    if not old:  # 18 builds the document itself: other quotes, and a line more (common.version.xml2)
        text = text.replace("<?xml version='1.0'?>", '<?xml version="1.0"?>', 1)
        text = text.replace("</methodResponse>\n", "\n</methodResponse>\n")
    return text


def written(what, text):
    value = json.loads(text)
    if what == b"c":
        return xmlrpc.client.dumps(tuple(value), "execute_kw", allow_none=True)
    if what in b"on":
        return response((cleaned(value.get("result")),), what == b"o")
    if what in b"Ff":
        return response(xmlrpc.client.Fault(*cleaned(value)), what == b"F")
    return json.dumps(value, ensure_ascii=what == b"a")


def answer(what, text):
    try:
        return {"text": written(what, text)}
    except Exception as error:
        kind = type(error)
        return {"error": str(error), "class": kind.__module__ + "." + kind.__qualname__}


def main():
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while what := stdin.read(1):
        text = stdin.read(int.from_bytes(stdin.read(4), "big"))
        out = json.dumps(answer(what, text)).encode()
        stdout.write(len(out).to_bytes(4, "big") + out)
        stdout.flush()


main()
