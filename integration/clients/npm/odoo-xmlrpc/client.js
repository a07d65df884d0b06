// Odoo's external API with npm's odoo-xmlrpc; see ../../README.md for what is asked. It can't send a header: it makes its
// HTTP client itself, anew for each call.
'use strict'

const { promisify } = require('util')
const Odoo = require('odoo-xmlrpc')
const xmlrpc = require('xmlrpc') // what odoo-xmlrpc stands on; it asks for no version itself

const { ODOO_URL: url, ODOO_DB: db, ODOO_LOGIN: username, ODOO_PASSWORD: password } = process.env

function version () {
  const client = xmlrpc.createClient({ url: url + '/xmlrpc/2/common' })
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
  const odoo = new Odoo({ url, db, username, password })
  const connect = promisify(odoo.connect.bind(odoo))
  const executeKw = promisify(odoo.execute_kw.bind(odoo))
  const call = (model, method, args, options = {}) => executeKw(model, method, [args, options])

  const seen = { version: await version(), uid: await connect() }
  const wrong = new Odoo({ url, db, username, password: 'wrong' })
  // connect tells of a refusal by an object with a message, whatever it was.
  seen.refused_login = await promisify(wrong.connect.bind(wrong))().catch(refused => refused instanceof Error ? refused : false)
  seen.contacts = await call('res.partner', 'search_read', [[['ref', '=', 'CONF']]],
    { fields: ['name', 'parent_id'], order: 'id desc', limit: 4 })
  seen.fields = await call('res.partner', 'fields_get', [['name', 'parent_id']], { attributes: ['type', 'relation'] })

  const id = await call('res.partner', 'create', [{ name: 'ConfNew odoo-xmlrpc' }])
  seen.created = Number.isInteger(id)
  seen.written = await call('res.partner', 'write',
    [[id], { name: 'ConfNew Ünï €uro 日本 😀 <&>"\'', email: false, is_company: true }])
  const [{ name, email, is_company: isCompany }] = await call('res.partner', 'read', [[id], ['name', 'email', 'is_company']])
  seen.read_back = { name, email, is_company: isCompany }
  seen.unlinked = await call('res.partner', 'unlink', [[id]])
  seen.left = (await call('res.partner', 'search', [[['id', '=', id]]])).length

  const rates = await call('res.currency.rate', 'search_read', [[['name', '=', '2024-02-29']]],
    { fields: ['name', 'rate', 'create_date'] })
  seen.rate = rates[0]

  // A date of XML-RPC's own. What Odoo makes of it is seen in a field's default, which goes nowhere.
  const moment = new Date(2024, 1, 29, 12, 34, 56)
  seen.native_date = (await call('res.partner', 'default_get', [['name']],
    { context: { default_name: moment } })).name

  const unknown = await fault(call('no.such.model', 'read', [[1]]))
  seen.unknown_model = { code: unknown.faultCode, text: unknown.faultString }
  seen.private_method = (await fault(call('res.partner', '_search', [[]]))).faultCode
  odoo.password = 'wrong'
  seen.nobody = (await fault(call('res.partner', 'read', [[91001]]))).faultCode

  console.log(JSON.stringify(seen))
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
