// Odoo's external API with npm's odoo-await; see ../../README.md for what is asked.
'use strict'

const OdooAwait = require('odoo-await')
const xmlrpc = require('xmlrpc') // what odoo-await stands on; it asks for no version itself

// Sends the API-KEY header with each request. Login and password are empty, and the uid is left at 0.
class KeyedOdoo extends OdooAwait {
  constructor ({ key, ...options }) {
    super({ ...options, username: '', password: '' })
    this.key = key
  }

  createClientOptions (path) {
    return { ...super.createClientOptions(path), headers: { 'API-KEY': this.key } }
  }
}

const { ODOO_URL: baseUrl, ODOO_DB: db, ODOO_LOGIN: username, ODOO_PASSWORD: password, ODOO_API_KEY: key } = process.env

function connection (secret) {
  return key ? new KeyedOdoo({ baseUrl, db, key: secret }) : new OdooAwait({ baseUrl, db, username, password: secret })
}

function version (odoo) {
  const client = xmlrpc.createClient(odoo.createClientOptions('/xmlrpc/2/common'))
  return new Promise((resolve, reject) => {
    client.methodCall('version', [], (error, value) => error ? reject(error) : resolve(value.server_serie))
  })
}

// The fault that a call has to end in.
async function fault (call) {
  let answer
  try {
    answer = await call
  } catch (refused) {
    if (refused.faultCode === undefined) throw refused
    return refused
  }
  throw new Error('not refused: ' + JSON.stringify(answer))
}

async function main () {
  const odoo = connection(key || password)
  const seen = { version: await version(odoo) }
  seen.uid = await odoo.connect()
  // connect tells of a refusal by a text, whatever it was.
  seen.refused_login = await connection('wrong').connect().catch(refused => typeof refused === 'string' ? false : refused)
  seen.contacts = await odoo.searchRead('res.partner', { ref: 'CONF' }, ['name', 'parent_id'],
    { offset: 0, limit: 4, order: 'id desc', context: {} })
  seen.fields = await odoo.execute_kw('res.partner', 'fields_get', [[['name', 'parent_id']], { attributes: ['type', 'relation'] }])

  const id = await odoo.create('res.partner', { name: 'ConfNew odoo-await' })
  seen.created = Number.isInteger(id)
  seen.written = await odoo.update('res.partner', id,
    { name: 'ConfNew Ünï €uro 日本 😀 <&>"\'', email: false, is_company: true })
  const [{ name, email, is_company: isCompany }] = await odoo.read('res.partner', [id], ['name', 'email', 'is_company'])
  seen.read_back = { name, email, is_company: isCompany }
  seen.unlinked = await odoo.delete('res.partner', id)
  seen.left = (await odoo.search('res.partner', { id })).length

  const rates = await odoo.searchRead('res.currency.rate', { name: '2024-02-29' }, ['name', 'rate', 'create_date'])
  seen.rate = rates[0]

  // A date of XML-RPC's own. What Odoo makes of it is seen in a field's default, which goes nowhere.
  const moment = new Date(2024, 1, 29, 12, 34, 56)
  seen.native_date = (await odoo.execute_kw('res.partner', 'default_get',
    [[['name']], { context: { default_name: moment } }])).name

  const unknown = await fault(odoo.read('no.such.model', [1]))
  seen.unknown_model = { code: unknown.faultCode, text: unknown.faultString }
  seen.private_method = (await fault(odoo.execute_kw('res.partner', '_search', [[[]]]))).faultCode
  if (key) {
    odoo.uid = 9001 // not the key's user
  } else {
    odoo.password = 'wrong'
  }
  seen.nobody = (await fault(odoo.read('res.partner', [91001]))).faultCode

  console.log(JSON.stringify(seen))
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
