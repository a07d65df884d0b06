-- What odoobridge keeps that Odoo's tables have no room for, in a schema of its own. `odoobridge keys init` runs it, once in
-- each database, as a role that may create a schema there: the owner of the database. Running it again changes nothing but
-- the rights. Nothing of it is read by Odoo; DROP SCHEMA odoobridge CASCADE removes all of it.
CREATE SCHEMA IF NOT EXISTS odoobridge;

-- Keys that were replaced with an overlap: the row key_id of auth_api_key holds the old value of the key of_id.
CREATE TABLE IF NOT EXISTS odoobridge.key_retirement (
	key_id bigint PRIMARY KEY,
	of_id bigint NOT NULL,
	retires_at timestamptz NOT NULL
);

-- Who called, by what, how often: a row for each day (UTC), user, key or password, and protocol.
CREATE TABLE IF NOT EXISTS odoobridge.key_use (
	day date NOT NULL,
	uid bigint NOT NULL,
	login text NOT NULL,
	kind text NOT NULL, -- auth_api_key, native_key, password
	key_id bigint NOT NULL, -- of auth_api_key or res_users_apikeys; 0 for a password
	key_name text NOT NULL,
	protocol text NOT NULL, -- jsonrpc, xmlrpc, xmlrpc/2, json/2, http
	calls bigint NOT NULL,
	last_at timestamptz NOT NULL,
	last_source inet,
	PRIMARY KEY (day, uid, kind, key_id, protocol)
);
CREATE INDEX IF NOT EXISTS key_use_key_id ON odoobridge.key_use (key_id, kind);

-- Changes of keys: who, what, when, from where.
CREATE TABLE IF NOT EXISTS odoobridge.audit (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at timestamptz NOT NULL,
	actor text NOT NULL,
	actor_uid bigint,
	source text NOT NULL,
	action text NOT NULL,
	object text NOT NULL,
	object_id bigint,
	detail text NOT NULL
);

-- Until when a key works must be known to every bridge, or it would go on working; there is no secret in it.
GRANT USAGE ON SCHEMA odoobridge TO PUBLIC;
GRANT SELECT ON odoobridge.key_retirement TO PUBLIC;

GRANT INSERT, UPDATE, DELETE ON odoobridge.key_retirement TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON odoobridge.key_use TO :role;
GRANT SELECT, INSERT ON odoobridge.audit TO :role;
