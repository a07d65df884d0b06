package directorytest

import (
	"time"

	"odoobridge/auth"
)

// Fixture is a [Memory] called odoo18 with users and keys as the recordings of series 18 have them, and the cooldown
// off. The hashes of passwords were made by passlib, of 25,000 rounds but for lowrounds.
func Fixture(now func() time.Time) *Memory {
	user := func(id int64, login string, password auth.Secret) auth.User {
		return auth.User{ID: id, Login: login, Active: true, Password: password}
	}
	rows := auth.Rows{
		Settings: auth.Settings{CooldownDuration: time.Minute, PasswordRounds: 25000},
		Users: []auth.User{
			{ID: 1, Login: "__system__"},
			user(2, "admin", "admin"),
			user(9001, "rpcuser", "$pbkdf2-sha512$25000$c2FsdDkwMDE$w2OGLZwZD0ELcreDMAlo1PyM4akQd3JnBZTYydluqqDIxpvg9spuYSlLZiSuF11ABqW06K8I7fgxNYJCmNDoxw"),
			{ID: 9002, Login: "archived", Password: "$pbkdf2-sha512$25000$c2FsdDkwMDI$ZWh5OHiDrMEqLjNzGvEKLzPWTANtqb963m34AGl9Acibk3bBCcdgnS0z4apBv1HUeuA5gfI1BZEHPOFOdhYx7Q"},
			{ID: 9003, Login: "totpuser", Active: true, TOTP: true, Password: "$pbkdf2-sha512$25000$c2FsdDkwMDM$z7iRcwpApulTU1pFmNrgI.OuIJgtJxFjGLZE8F5S4VESkqzFWSx5MlYWfMg.CBRQZmCAFE5yH5Jh52IdWVcg3Q"},
			user(9004, "keyuser", "$pbkdf2-sha512$25000$c2FsdDkwMDQ$hSc1.v5DWIekLqarYdIIiF1LTA4G2AnP7Q4MOD5iqN0mj3HcTc94x4X0P9ng6K.2Fa4MnulPzwABScubSHob8g"),
			user(9006, "nopassword", ""),
			user(9007, "ünïcode", "$pbkdf2-sha512$25000$c2FsdDkwMDc$.4pkl.32MsUd56pd163P0nifbELCfcLOP21VHGhnjEfj27Cyw1nVtC2Hhmsh3ATrqlcZT7RiOg81HhC6LpSXUw"),
			user(9008, "plainhash", "plainhash-pw"),
			user(9009, "lowrounds", "$pbkdf2-sha512$1000$c2FsdDkwMDk$i2CSz/YReUn8W8dNtrJZHQ7Oofs8l1ZHvZZzTUzRduZzpMcuyzvJt4U0sTe7AI42Rad/sx0PtMSf970xQktTwA"),
		},
		AuthAPIKeys: []auth.AuthAPIKey{
			{ID: 501, UserID: 9001, Name: "conf rpcuser", Key: RPCUserKey, Active: true},
			{ID: 502, UserID: 9002, Name: "conf archived user", Key: ArchivedKey, Active: true},
			{ID: 503, UserID: 9001, Name: "conf inactive key", Key: InactiveKey},
			{ID: 504, UserID: 2, Name: "conf admin", Key: "conf-auth-api-key-admin", Active: true},
		},
	}
	native := func(id, uid int64, name, scope string, key auth.Secret, expires time.Time) {
		rows.NativeKeys = append(rows.NativeKeys, auth.NativeKey{ID: id, UserID: uid, Name: Named(name, key), Scope: scope,
			Hash: auth.HashKey(key, []byte(name)), Expires: expires})
	}
	june := func(year int) time.Time { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC) }
	native(80002, 9004, "conf keyuser global", "", KeyUserKey, time.Time{})
	native(80003, 9004, "conf keyuser rpc scope", "rpc", "5e5000020123456789abcdef0123456789abcdef", time.Time{})
	native(80004, 9004, "conf keyuser other scope", "odoo.plugin.outlook", "5e5000030123456789abcdef0123456789abcdef", time.Time{})
	native(80005, 9004, "conf keyuser expired", "", ExpiredKey, june(2024))
	native(80006, 9004, "conf keyuser future", "", "5e5000050123456789abcdef0123456789abcdef", june(2099))
	native(80007, 9002, "conf archived", "", "a1c000010123456789abcdef0123456789abcdef", time.Time{})
	native(80008, 9003, "conf totpuser", "", "707900010123456789abcdef0123456789abcdef", time.Time{})
	return NewMemory("odoo18", rows, now)
}
