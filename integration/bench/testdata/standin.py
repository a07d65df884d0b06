"""Stands in for Odoo's marshalling: answers /jsonrpc and /xmlrpc/2/object with the same 5,000 records, marshalled anew
for each call by json and by xmlrpc.client, as Odoo does. The records are made once: what Odoo's ORM takes to read them is
the same either way."""
import json
import sys
import xmlrpc.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECORDS = [
    {
        "id": 91000 + i,
        "name": "Conf Contact %d" % i,
        "display_name": "Conf Alpha, Conf Contact %d" % i,
        "email": "contact%d@example.com" % i,
        "phone": "+32 2 555 %04d" % (i % 10000),
        "city": "Li\u00e8ge",
        "active": True,
        "parent_id": [91001, "Conf Alpha"],
        "category_id": [92001, 92002],
        "color": i % 12,
        "credit": i / 8,
        "comment": False,
    }
    for i in range(5000)
]
VERSION = {"server_version": "18.0", "server_version_info": [18, 0, 0, "final", 0, ""], "server_serie": "18.0", "protocol_version": 1}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/jsonrpc":
            call = json.loads(body)
            result = VERSION if call["params"]["method"] == "version" else RECORDS
            answer = json.dumps({"jsonrpc": "2.0", "id": call.get("id"), "result": result}).encode()
            content_type = "application/json; charset=utf-8"
        else:
            xmlrpc.client.loads(body)
            answer = xmlrpc.client.dumps((RECORDS,), methodresponse=True).encode()
            content_type = "text/xml; charset=utf-8"
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
