-- What odoobridge needs of an Odoo database, and no more. Run it in each database, as the owner of the tables; run it
-- again after an upgrade of Odoo or when a module brings a table or column that is named here. What a database lacks is
-- skipped. The role must exist: CREATE ROLE odoobridge LOGIN PASSWORD '...';
DO $grants$
DECLARE
	grantee CONSTANT regrole := :role;
	wanted CONSTANT text[][] := ARRAY[
		['res_users', 'id'], ['res_users', 'login'], ['res_users', 'active'], ['res_users', 'password'],
		['res_users', 'company_id'], ['res_users', 'totp_secret'],
		['res_company', 'id'], ['res_company', 'archived_user_disable_auth_api_key'],
		['auth_api_key', 'id'], ['auth_api_key', 'user_id'], ['auth_api_key', 'name'], ['auth_api_key', 'key'],
		['auth_api_key', 'active'], ['auth_api_key', 'tech_name'],
		['res_users_apikeys', 'id'], ['res_users_apikeys', 'user_id'], ['res_users_apikeys', 'name'],
		['res_users_apikeys', 'scope'], ['res_users_apikeys', 'index'], ['res_users_apikeys', 'key'],
		['res_users_apikeys', 'expiration_date'],
		['ir_config_parameter', 'key'], ['ir_config_parameter', 'value'],
		-- who is an administrator, for the admin page
		['res_groups_users_rel', 'uid'], ['res_groups_users_rel', 'gid'],
		['res_groups_implied_rel', 'gid'], ['res_groups_implied_rel', 'hid'],
		['ir_model_data', 'module'], ['ir_model_data', 'name'], ['ir_model_data', 'model'], ['ir_model_data', 'res_id']];
	has_column record;
BEGIN
	FOR has_column IN
		SELECT c.oid::regclass AS in_table, a.attname AS in_column
		FROM generate_subscripts(wanted, 1) AS i
		JOIN pg_class c ON c.oid = to_regclass(wanted[i][1])
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted[i][2] AND NOT a.attisdropped
	LOOP
		EXECUTE format('GRANT SELECT (%I) ON %s TO %s', has_column.in_column, has_column.in_table, grantee);
	END LOOP;
	-- Keys are made on behalf of users who come with an auth_api_key, and removed again.
	IF to_regclass('res_users_apikeys') IS NOT NULL THEN
		EXECUTE format('GRANT INSERT, DELETE ON res_users_apikeys TO %s', grantee);
		EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', pg_get_serial_sequence('res_users_apikeys', 'id'), grantee);
	END IF;
END
$grants$;
