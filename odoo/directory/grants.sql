-- What odoobridge needs of an Odoo database, and no more. Run it in each database, as the owner of the tables; run it
-- again after an upgrade of Odoo or when a module brings a table or column that is named here. What a database lacks is
-- skipped. The role must exist: CREATE ROLE odoobridge LOGIN PASSWORD '...';
DO $grants$
DECLARE
	grantee CONSTANT regrole := :role;
	-- table, column, privilege, what for; no column is the whole table, USAGE is of the sequence of the column's ids
	wanted CONSTANT text[][] := ARRAY[
:rights];
	got record;
BEGIN
	FOR got IN
		SELECT c.oid::regclass AS in_table, wanted[i][2] AS in_column, wanted[i][3] AS privilege
		FROM generate_subscripts(wanted, 1) AS i
		JOIN pg_class c ON c.oid = to_regclass(wanted[i][1])
		LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted[i][2] AND NOT a.attisdropped
		WHERE wanted[i][2] = '' OR a.attname IS NOT NULL
	LOOP
		IF got.privilege = 'USAGE' THEN
			EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', pg_get_serial_sequence(got.in_table::text, got.in_column), grantee);
		ELSIF got.in_column = '' THEN
			EXECUTE format('GRANT %s ON %s TO %s', got.privilege, got.in_table, grantee);
		ELSE
			EXECUTE format('GRANT %s (%I) ON %s TO %s', got.privilege, got.in_column, got.in_table, grantee);
		END IF;
	END LOOP;
	-- Which keys were replaced, and until when they work (`odoobridge keys init`).
	IF EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'odoobridge' AND c.relname = 'key_retirement') THEN
		EXECUTE format('GRANT USAGE ON SCHEMA odoobridge TO %s', grantee);
		EXECUTE format('GRANT SELECT ON odoobridge.key_retirement TO %s', grantee);
	END IF;
END
$grants$;
