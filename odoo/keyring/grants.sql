-- What managing keys needs beyond that: `odoobridge keys` and the admin page. Run it in each database, as the owner of the
-- tables, and again after a module brought a table or column that is named here. What a database lacks is skipped.
DO $grants$
DECLARE
	grantee CONSTANT regrole := :role;
	-- table, column, the rights on it
	wanted CONSTANT text[][] := ARRAY[
		['res_users', 'partner_id', 'SELECT'], ['res_users', 'share', 'SELECT'],
		['res_partner', 'id', 'SELECT'], ['res_partner', 'name', 'SELECT'],
		['auth_api_key', 'name', 'INSERT'], ['auth_api_key', 'key', 'INSERT, UPDATE'],
		['auth_api_key', 'user_id', 'INSERT, UPDATE'], ['auth_api_key', 'active', 'INSERT, UPDATE'],
		['auth_api_key', 'tech_name', 'INSERT'], ['auth_api_key', 'create_uid', 'INSERT'],
		['auth_api_key', 'create_date', 'SELECT, INSERT'], ['auth_api_key', 'write_uid', 'INSERT, UPDATE'],
		['auth_api_key', 'write_date', 'SELECT, INSERT, UPDATE'],
		['auth_api_key_group', 'id', 'SELECT'], ['auth_api_key_group', 'code', 'SELECT'], ['auth_api_key_group', 'name', 'SELECT'],
		['auth_api_key_group_rel', 'key_id', 'SELECT, INSERT'], ['auth_api_key_group_rel', 'group_id', 'SELECT, INSERT'],
		['res_company', 'name', 'SELECT'], ['res_company', 'archived_user_disable_auth_api_key', 'UPDATE'],
		['res_company', 'write_uid', 'UPDATE'], ['res_company', 'write_date', 'UPDATE']];
	has_column record;
	object text;
BEGIN
	FOR has_column IN
		SELECT c.oid::regclass AS in_table, a.attname AS in_column, regexp_split_to_array(wanted[i][3], ', ') AS rights
		FROM generate_subscripts(wanted, 1) AS i
		JOIN pg_class c ON c.oid = to_regclass(wanted[i][1])
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted[i][2] AND NOT a.attisdropped
	LOOP
		FOREACH object IN ARRAY has_column.rights LOOP
			EXECUTE format('GRANT %s (%I) ON %s TO %s', object, has_column.in_column, has_column.in_table, grantee);
		END LOOP;
	END LOOP;
	-- Removing rows is a right on tables; it is also what LOCK TABLE asks for.
	FOREACH object IN ARRAY ARRAY['auth_api_key', 'auth_api_key_group_rel'] LOOP
		IF to_regclass(object) IS NOT NULL THEN
			EXECUTE format('GRANT DELETE ON %s TO %s', object, grantee);
		END IF;
	END LOOP;
	IF to_regclass('auth_api_key') IS NOT NULL THEN
		EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', pg_get_serial_sequence('auth_api_key', 'id'), grantee);
	END IF;
	-- Odoo's workers are told of changes by these: a table since series 19, sequences before.
	IF to_regclass('orm_signaling_default') IS NOT NULL THEN
		EXECUTE format('GRANT INSERT ON orm_signaling_default TO %s', grantee);
		EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', pg_get_serial_sequence('orm_signaling_default', 'id'), grantee);
	END IF;
	FOREACH object IN ARRAY ARRAY['base_cache_signaling_default', 'base_cache_signaling'] LOOP
		IF to_regclass(object) IS NOT NULL THEN
			EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', object, grantee);
		END IF;
	END LOOP;
	-- Our own schema, where `odoobridge keys init` has made it.
	IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'odoobridge') THEN
		EXECUTE format('GRANT USAGE ON SCHEMA odoobridge TO %s', grantee);
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON odoobridge.key_retirement, odoobridge.key_use TO %s', grantee);
		EXECUTE format('GRANT SELECT, INSERT ON odoobridge.audit TO %s', grantee);
	END IF;
END
$grants$;
