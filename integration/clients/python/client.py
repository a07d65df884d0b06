"""Odoo's external API with Python's own xmlrpc.client; see ../README.md for what is asked."""
import datetime
import json
import os
import sys
import xmlrpc.client


class KeyTransport(xmlrpc.client.Transport):
    """Sends the API-KEY header with each request. For https derive it from SafeTransport."""

    def __init__(self, key):
        super().__init__()
        self.key = key

    def send_headers(self, connection, headers):
        super().send_headers(connection, headers)
        connection.putheader('API-KEY', self.key)


class Odoo:
    """One user of one database: by login and password in the calls, or by the key in the header."""

    def __init__(self, url, db, login='', password='', key=None):
        self.db, self.login, self.password, self.key = db, login, password, key
        self.common = self.service(url, 'common')
        self.models = self.service(url, 'object')
        self.uid = 0

    def service(self, url, name):
        transport = KeyTransport(self.key) if self.key else None
        return xmlrpc.client.ServerProxy('%s/xmlrpc/2/%s' % (url, name), transport=transport)

    def authenticate(self):
        """The user's id, False if it is refused. With a key there is no need to ask: the calls go without."""
        uid = self.common.authenticate(self.db, self.login, self.password, {})
        if not self.key:
            self.uid = uid
        return uid

    def __call__(self, model, method, *args, **kwargs):
        return self.models.execute_kw(self.db, self.uid, self.password, model, method, args, kwargs)


def fault(call, *args):
    """The fault that a call has to end in."""
    try:
        raise SystemExit('not refused: %r' % (call(*args),))
    except xmlrpc.client.Fault as refused:
        return refused


def main():
    env = os.environ
    url, db, key = env['ODOO_URL'], env['ODOO_DB'], env.get('ODOO_API_KEY')
    credentials = {'key': key} if key else {'login': env['ODOO_LOGIN'], 'password': env['ODOO_PASSWORD']}
    wrong = {'key': 'wrong'} if key else {'login': env['ODOO_LOGIN'], 'password': 'wrong'}

    odoo = Odoo(url, db, **credentials)
    seen = {
        'version': odoo.common.version()['server_serie'],
        'uid': odoo.authenticate(),
        'refused_login': Odoo(url, db, **wrong).authenticate(),
        'contacts': odoo('res.partner', 'search_read', [['ref', '=', 'CONF']],
                         fields=['name', 'parent_id'], order='id desc', limit=4),
        'fields': odoo('res.partner', 'fields_get', ['name', 'parent_id'], attributes=['type', 'relation']),
    }

    new = odoo('res.partner', 'create', {'name': 'ConfNew Python'})
    seen['created'] = isinstance(new, int)
    seen['written'] = odoo('res.partner', 'write', [new],
                           {'name': 'ConfNew Ünï €uro 日本 😀 <&>"\'', 'email': False, 'is_company': True})
    seen['read_back'] = odoo('res.partner', 'read', [new], ['name', 'email', 'is_company'])[0]
    del seen['read_back']['id']
    seen['unlinked'] = odoo('res.partner', 'unlink', [new])
    seen['left'] = len(odoo('res.partner', 'search', [['id', '=', new]]))

    seen['rate'] = odoo('res.currency.rate', 'search_read', [['name', '=', '2024-02-29']],
                        fields=['name', 'rate', 'create_date'])[0]

    # A date of XML-RPC's own. What Odoo makes of it is seen in a field's default, which goes nowhere.
    moment = xmlrpc.client.DateTime(datetime.datetime(2024, 2, 29, 12, 34, 56))
    seen['native_date'] = odoo('res.partner', 'default_get', ['name'], context={'default_name': moment})['name']

    refused = fault(odoo, 'no.such.model', 'read', [1])
    seen['unknown_model'] = {'code': refused.faultCode, 'text': refused.faultString}
    seen['private_method'] = fault(odoo, 'res.partner', '_search', []).faultCode
    if key:
        odoo.uid = 9001  # not the key's user
    else:
        odoo.password = 'wrong'
    seen['nobody'] = fault(odoo, 'res.partner', 'read', [91001]).faultCode

    json.dump(seen, sys.stdout)


if __name__ == '__main__':
    main()
