# frozen_string_literal: true

# Odoo's external API with Ruby's xmlrpc; see ../README.md for what is asked.
require 'json'
require 'xmlrpc/client'

# One user of one database: by login and password in the calls, or by the key in the header.
class Odoo
  attr_writer :uid, :password

  def initialize(url, db, login: '', password: '', key: nil)
    @url, @db, @login, @password, @key = url, db, login, password, key
    @uid = 0
  end

  def service(name)
    client = XMLRPC::Client.new2("#{@url}/xmlrpc/2/#{name}")
    client.http_header_extra = { 'API-KEY' => @key } if @key
    client
  end

  def version
    service('common').call('version')
  end

  # The user's id, false if it is refused. With a key there is no need to ask: the calls go without.
  def authenticate
    uid = service('common').call('authenticate', @db, @login, @password, {})
    @uid = uid unless @key
    uid
  end

  def call(model, method, *args, **options)
    service('object').call('execute_kw', @db, @uid, @password, model, method, args, options)
  end

  # The fault that a call has to end in.
  def fault(*args)
    abort "not refused: #{call(*args)}"
  rescue XMLRPC::FaultException => e
    e
  end
end

url, db, key = ENV.fetch('ODOO_URL'), ENV.fetch('ODOO_DB'), ENV['ODOO_API_KEY']
credentials = key ? { key: key } : { login: ENV.fetch('ODOO_LOGIN'), password: ENV.fetch('ODOO_PASSWORD') }
wrong = key ? { key: 'wrong' } : { login: ENV.fetch('ODOO_LOGIN'), password: 'wrong' }

odoo = Odoo.new(url, db, **credentials)
seen = {
  version: odoo.version['server_serie'],
  uid: odoo.authenticate,
  refused_login: Odoo.new(url, db, **wrong).authenticate,
  contacts: odoo.call('res.partner', 'search_read', [['ref', '=', 'CONF']],
                      fields: %w[name parent_id], order: 'id desc', limit: 4),
  fields: odoo.call('res.partner', 'fields_get', %w[name parent_id], attributes: %w[type relation])
}

new = odoo.call('res.partner', 'create', { 'name' => 'ConfNew Ruby' })
seen[:created] = new.is_a?(Integer)
seen[:written] = odoo.call('res.partner', 'write', [new],
                           { 'name' => %q(ConfNew Ünï €uro 日本 😀 <&>"'), 'email' => false, 'is_company' => true })
seen[:read_back] = odoo.call('res.partner', 'read', [new], %w[name email is_company]).first.except('id')
seen[:unlinked] = odoo.call('res.partner', 'unlink', [new])
seen[:left] = odoo.call('res.partner', 'search', [['id', '=', new]]).length

seen[:rate] = odoo.call('res.currency.rate', 'search_read', [['name', '=', '2024-02-29']],
                        fields: %w[name rate create_date]).first

# A date of XML-RPC's own. What Odoo makes of it is seen in a field's default, which goes nowhere.
moment = Time.new(2024, 2, 29, 12, 34, 56)
seen[:native_date] = odoo.call('res.partner', 'default_get', ['name'], context: { default_name: moment })['name']

unknown = odoo.fault('no.such.model', 'read', [1])
seen[:unknown_model] = { code: unknown.faultCode, text: unknown.faultString }
seen[:private_method] = odoo.fault('res.partner', '_search', []).faultCode
if key
  odoo.uid = 9001 # not the key's user
else
  odoo.password = 'wrong'
end
seen[:nobody] = odoo.fault('res.partner', 'read', [91_001]).faultCode

puts JSON.generate(seen)
