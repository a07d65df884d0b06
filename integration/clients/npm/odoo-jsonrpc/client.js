// Odoo's external API with npm's @fernandoslim/odoo-jsonrpc, which logs in by a session; see ../../README.md for what is
// asked.
'use strict'

const { default: OdooJSONRpc } = require('@fernandoslim/odoo-jsonrpc')

const { ODOO_URL: url, ODOO_DB: db, ODOO_LOGIN: login, ODOO_PASSWORD: password, ODOO_API_KEY: key } = process.env
const address = new URL(url)
const server = { baseUrl: address.protocol + '//' + address.hostname, port: Number(address.port), db }

// The client calls fetch and takes no headers, so fetch sends the API-KEY header with each request. Of an error the client
// hands on the message only; what kind it is is kept here.
const headers = key ? { 'API-KEY': key } : {}
let refusal
const plainFetch = globalThis.fetch
globalThis.fetch = async (resource, options) => {
  const response = await plainFetch(resource, { ...options, headers: { ...options.headers, ...headers } })
  refusal = (await response.clone().json()).error?.data.name
  return response
}

// Where the header says who calls, nobody reads the key and the name of the calls, which only must not be missing.
function connection (secret) {
  return new OdooJSONRpc(key ? { ...server, username: '', apiKey: 'in the header' } : { ...server, username: login, password: secret })
}

async function version () {
  const body = JSON.stringify({ jsonrpc: '2.0', method: 'call', params: {}, id: 1 })
  const response = await fetch(url + '/web/webclient/version_info', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  return (await response.json()).result.server_serie
}

// The code and text of the error that a call has to end in; JSON-RPC tells of errors by their class, XML-RPC by these codes.
async function fault (call) {
  const codes = { AccessDenied: 3, AccessError: 4, UserError: 2 }
  let answer
  try {
    answer = await call
  } catch ({ message }) {
    return { code: codes[refusal?.split('.').pop()] ?? 1, text: message }
  }
  throw new Error('not refused: ' + JSON.stringify(answer))
}

async function refusedLogin () {
  if (!key) return connection('wrong').connect().then(({ uid }) => uid, () => false) // it misses the session's cookie
  headers['API-KEY'] = 'wrong'
  const { uid } = await connection().connect()
  headers['API-KEY'] = key
  return uid
}

async function main () {
  const odoo = connection(password)
  const seen = { version: await version(), uid: (await odoo.connect()).uid, refused_login: await refusedLogin() }
  seen.contacts = await odoo.searchRead('res.partner', [['ref', '=', 'CONF']], ['name', 'parent_id'], { order: 'id desc', limit: 4 })
  seen.fields = await odoo.call_kw('res.partner', 'fields_get', [['name', 'parent_id']], { attributes: ['type', 'relation'] })

  const id = await odoo.create('res.partner', { name: 'ConfNew odoo-jsonrpc' })
  seen.created = Number.isInteger(id)
  seen.written = await odoo.update('res.partner', id,
    { name: 'ConfNew Ünï €uro 日本 😀 <&>"\'', email: false, is_company: true })
  const [{ name, email, is_company: isCompany }] = await odoo.read('res.partner', [id], ['name', 'email', 'is_company'])
  seen.read_back = { name, email, is_company: isCompany }
  seen.unlinked = await odoo.delete('res.partner', id)
  seen.left = (await odoo.search('res.partner', [['id', '=', id]])).length

  const rates = await odoo.searchRead('res.currency.rate', [['name', '=', '2024-02-29']], ['name', 'rate', 'create_date'])
  seen.rate = rates[0]

  seen.unknown_model = await fault(odoo.read('no.such.model', [1], []))
  seen.private_method = (await fault(odoo.call_kw('res.partner', '_search', [[]]))).code
  // From here on by the calls themselves: not the key's user, or with a wrong password.
  Object.assign(odoo, { session_id: undefined, uid: key ? 9001 : seen.uid, api_key: 'wrong' })
  seen.nobody = (await fault(odoo.read('res.partner', [91001], []))).code

  console.log(JSON.stringify(seen))
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
