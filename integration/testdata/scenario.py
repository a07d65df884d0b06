"""The eight steps of Odoo's external API documentation, with Python's own client.

    scenario.py BASE_URL DB SERIES calls
    scenario.py BASE_URL DB SERIES header ADMIN_KEY USER_KEY

"calls" sends login and password in each call, as the documentation does; "header" sends the API-KEY header only.
Exits with a message at the first step that does not go as documented.
"""
import sys
import xmlrpc.client


class KeyTransport(xmlrpc.client.Transport):
    """Adds the API-KEY header to each request."""

    def __init__(self, key):
        super().__init__()
        self.key = key

    def send_headers(self, connection, headers):
        super().send_headers(connection, headers)
        connection.putheader('API-KEY', self.key)


class Caller:
    """One user of one database, as each of the two ways of saying who calls sees it."""

    def __init__(self, base_url, db, login, password, key=None):
        def proxy(service):
            transport = KeyTransport(key) if key else None
            return xmlrpc.client.ServerProxy('%s/xmlrpc/2/%s' % (base_url, service), transport=transport)
        self.db, self.login, self.password = db, login, password
        self.common, self.models = proxy('common'), proxy('object')
        if key:
            self.login = self.password = ''
        self.uid = 0
        self.in_calls = key is None

    def authenticate(self):
        uid = self.common.authenticate(self.db, self.login, self.password, {})
        if self.in_calls:
            self.uid = uid
        return uid

    def __call__(self, model, method, *args, **kwargs):
        return self.models.execute_kw(self.db, self.uid, self.password, model, method, list(args), kwargs)


def expect(what, got, holds):
    if not holds:
        sys.exit('%s: %r' % (what, got))
    print('%s: %r' % (what, got))


def refused(what, code, call):
    try:
        got = call()
    except xmlrpc.client.Fault as fault:
        expect(what, (fault.faultCode, fault.faultString[:60]), fault.faultCode == code)
    else:
        sys.exit('%s was not refused: %r' % (what, got))


def main(base_url, db, series, way, admin_key=None, user_key=None):
    admin = Caller(base_url, db, 'admin', 'admin', admin_key)
    user = Caller(base_url, db, 'rpcuser', 'rpcuser-pw', user_key)

    version = admin.common.version()
    expect('1 version', version, version['server_serie'] == series + '.0' and version['protocol_version'] == 1)

    uid = admin.authenticate()
    expect('2 authenticate', uid, uid == 2)
    uid = user.authenticate()
    expect('2 authenticate, another user', uid, uid == 9001)

    domain = [['ref', '=', 'CONF']]
    ids = admin('res.partner', 'search', domain, order='id')
    expect('3 search', ids, ids == [91001, 91002, 91003, 91005, 91006])
    page = admin('res.partner', 'search', domain, offset=1, limit=2, order='id')
    expect('3 search, a page', page, page == ids[1:3])
    count = admin('res.partner', 'search_count', domain)
    expect('3 search_count', count, count == len(ids))

    records = admin('res.partner', 'read', [91001], fields=['name', 'ref'])
    expect('4 read', records, records == [{'id': 91001, 'name': 'Conf Alpha', 'ref': 'CONF'}])

    fields = admin('res.partner', 'fields_get', ['name', 'parent_id'], attributes=['string', 'type', 'relation'])
    expect('5 fields_get', fields, fields['name']['type'] == 'char' and fields['parent_id']['relation'] == 'res.partner')

    records = admin('res.partner', 'search_read', domain, fields=['name'], limit=1, order='id')
    expect('6 search_read', records, records == [{'id': 91001, 'name': 'Conf Alpha'}])

    new = admin('res.partner', 'create', {'name': 'ConfNew Scenario'})
    expect('7 create', new, isinstance(new, int) and new > 0)
    done = admin('res.partner', 'write', [new], {'name': 'ConfNew Newer'})
    expect('7 write', done, done is True)
    name = admin('res.partner', 'read', [new], ['name'])
    expect('7 read what was written', name, name == [{'id': new, 'name': 'ConfNew Newer'}])
    done = admin('res.partner', 'unlink', [new])
    expect('7 unlink', done, done is True)
    found = admin('res.partner', 'search', [['id', '=', new]])
    expect('7 search what was deleted', found, found == [])

    refused('8 create without the right', 4, lambda: user('res.partner', 'create', {'name': 'ConfNew Refused'}))
    if way == 'calls':
        user.password = 'wrong'
    else:
        user.uid = 2  # not the key's user
    refused('8 a call of nobody', 3, lambda: user('res.partner', 'read', [91001], ['name']))


if __name__ == '__main__':
    main(*sys.argv[1:])
