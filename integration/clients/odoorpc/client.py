"""Odoo's external API with odoorpc, which speaks JSON-RPC and logs in by a session; see ../README.md for what is asked."""
import json
import os
import sys
import urllib.parse
import urllib.request

import odoorpc

# odoorpc tells of errors by their class, XML-RPC by these codes.
CODES = {'AccessDenied': 3, 'AccessError': 4, 'UserError': 2, 'MissingError': 2, 'ValidationError': 2}


def connect(url, opener=None):
    """An odoorpc.ODOO. It asks for the version at once, so that a key that does not hold fails here."""
    address = urllib.parse.urlsplit(url)
    return odoorpc.ODOO(address.hostname, port=address.port, opener=opener)


def opener_with(key):
    """What odoorpc makes for itself, but that it sends the API-KEY header with each request."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.addheaders.append(('API-KEY', key))
    return opener


def login(odoo, db, name, password):
    """The user's id, False if it is refused."""
    try:
        odoo.login(db, name, password)
    except odoorpc.error.RPCError:
        return False
    return odoo.env.uid


def login_by_key(odoo, db):
    """The user's id, False if the key does not hold. Leaves behind what odoo.login does, without a session; login and
    password only must not be empty, for where the header says who calls nobody reads them."""
    uid = odoo.json('/jsonrpc', {'service': 'common', 'method': 'authenticate', 'args': [db, '', '', {}]})['result']
    odoo._login = odoo._password = 'by key'
    odoo._env = odoorpc.env.Environment(odoo, db, uid, context={})
    return uid


def fault(call, *args):
    """The error that a call has to end in, as XML-RPC has it."""
    try:
        raise SystemExit('not refused: %r' % (call(*args),))
    except odoorpc.error.RPCError as refused:
        name = refused.info['data']['name'].rpartition('.')[2]
        return {'code': CODES.get(name, 1), 'text': refused.info['data']['message']}


def main():
    env = os.environ
    url, db, key = env['ODOO_URL'], env['ODOO_DB'], env.get('ODOO_API_KEY')

    if key:
        opener = opener_with(key)
        odoo = connect(url, opener)
        seen = {'uid': login_by_key(odoo, db)}
        opener.addheaders[-1] = ('API-KEY', 'wrong')
        seen['refused_login'] = login_by_key(odoo, db)
        opener.addheaders[-1] = ('API-KEY', key)
        login_by_key(odoo, db)
    else:
        odoo = connect(url)
        seen = {'refused_login': login(odoo, db, env['ODOO_LOGIN'], 'wrong')}
        seen['uid'] = login(odoo, db, env['ODOO_LOGIN'], env['ODOO_PASSWORD'])
    seen['version'] = odoo.version

    partners = odoo.env['res.partner']  # asks for all fields of the model
    seen['contacts'] = partners.search_read([['ref', '=', 'CONF']], fields=['name', 'parent_id'], order='id desc', limit=4)
    seen['fields'] = partners.fields_get(['name', 'parent_id'], attributes=['type', 'relation'])

    new = partners.create({'name': 'ConfNew odoorpc'})
    seen['created'] = isinstance(new, int)
    seen['written'] = partners.write([new], {'name': 'ConfNew Ünï €uro 日本 😀 <&>"\'', 'email': False, 'is_company': True})
    record = partners.browse(new)  # a record: its attributes are the fields
    seen['read_back'] = {'name': record.name, 'email': record.email, 'is_company': record.is_company}
    seen['unlinked'] = record.unlink()
    seen['left'] = len(partners.search([['id', '=', new]]))

    seen['rate'] = odoo.execute('res.currency.rate', 'search_read', [['name', '=', '2024-02-29']],
                                ['name', 'rate', 'create_date'])[0]

    seen['unknown_model'] = fault(odoo.execute, 'no.such.model', 'read', [1])
    seen['private_method'] = fault(odoo.execute, 'res.partner', '_search', [])['code']
    if key:
        odoo._env = odoorpc.env.Environment(odoo, db, 9001, context={})  # not the key's user
    else:
        odoo._password = 'wrong'
    seen['nobody'] = fault(odoo.execute, 'res.partner', 'read', [91001])['code']

    json.dump(seen, sys.stdout)


if __name__ == '__main__':
    main()
