# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl)
"""Calls of models by the user of an API key, for Odoo 12 to 19.

Odoo's own RPC asks for a user and a password, and refuses archived users whatever the password. OCA's auth_api_key
asks for a key, which may be an archived user's, but only for controllers. This is one such controller, and behind it is
Odoo's own RPC: the same functions run the method, in a transaction of its own, with the same refusals and retries. Who
may call is for auth_api_key to say; nothing here looks at a key.
"""
import json

from odoo import http, release
from odoo.http import request
from odoo.service import model as rpc

SERIES = release.version_info[0]
VERSION = "1.0.0"


def execute(db, uid, method, args):
    """object.execute and object.execute_kw, of what follows the password in their arguments"""
    if SERIES < 19:
        return getattr(rpc, method)(db, uid, *args)
    model, name, rest = args[0], args[1], args[2:]
    kwargs = {}
    if method == "execute_kw":
        rest, kwargs = rest if len(rest) > 1 else (rest[0], {})
    with request.env.registry.cursor() as cr:
        return rpc.execute_cr(cr, uid, model, name, rest, kwargs or {})


class Odoobridge(http.Controller):
    @http.route("/odoobridge/version", type="http", auth="none", methods=["GET", "POST"], csrf=False)
    def version(self, **_ignored):
        """Tells that the add-on is here, and in which database."""
        body = json.dumps({"version": VERSION, "series": release.series, "db": request.db})
        return request.make_response(body, [("Content-Type", "application/json")])

    @http.route(
        "/odoobridge/call", type="jsonrpc" if SERIES >= 19 else "json", auth="api_key", methods=["POST"], csrf=False
    )
    def call(self, service, method, args):
        """Takes the params of /jsonrpc, without the database, the uid and the password at the beginning of args."""
        if service != "object" or method not in ("execute", "execute_kw"):
            raise NameError("Method not available %s.%s" % (service, method))
        return execute(request.env.cr.dbname, request.env.uid, method, args)
