package directorytest

import (
	"time"

	"odoobridge/auth"
)

// Fixture is a [Memory] called odoo18 with users and keys as the recordings of series 18 have them, and the cooldown
// off. The hashes were made by passlib, of 500 rounds, which keeps tests quick, but for lowrounds.
func Fixture(now func() time.Time) *Memory {
	user := func(id int64, login string, password auth.Secret) auth.User {
		return auth.User{ID: id, Login: login, Active: true, Password: password}
	}
	rows := auth.Rows{
		Settings: auth.Settings{CooldownDuration: time.Minute, PasswordRounds: 500},
		Users: []auth.User{
			{ID: 1, Login: "__system__"},
			{ID: 2, Login: "admin", Active: true, Password: "admin", Groups: []string{"base.group_erp_manager", "base.group_system", "base.group_user"}},
			{ID: 9001, Login: "rpcuser", Active: true, Groups: []string{"base.group_user"},
				Password: "$pbkdf2-sha512$500$c2FsdDkwMDE$KoI46lk2N7QMe0wYdy51zN.UXwzdKzYPuBByNqAD5wNZBkFZVhlR5KI1PLfh0lZktmCMUINnKBmtXNevyRVFbQ"},
			{ID: 9002, Login: "archived", Groups: []string{"base.group_user"}, Password: "$pbkdf2-sha512$500$c2FsdDkwMDI$2Ma60na8TI4YBOWI.lVMa3evqzSmat4I2tmckQDOZoOPJtzmwVlHWYp5cykU1WNhYn4jVCmuwYYC6MGsxkdWPw"},
			{ID: 9003, Login: "totpuser", Active: true, TOTP: true, Password: "$pbkdf2-sha512$500$c2FsdDkwMDM$FDykIbaPOm5kxeSlPXxXsVOBX6falcsUFpU61t4vbGoqmL4FuBMaHh6AQfduZOGJIcL8zP6jNNP8xia/JlALOw"},
			user(9004, "keyuser", "$pbkdf2-sha512$500$c2FsdDkwMDQ$WdvPnwDpww675ySDbOsMWMnK6OgKb.HCFXEBGyyzy4883/g5vgYwAldedNXQE91TUnNIosrNEDOuBejNsgNhoQ"),
			user(9006, "nopassword", ""),
			user(9007, "ünïcode", "$pbkdf2-sha512$500$c2FsdDkwMDc$dsVJBNEJCgjZh9RSIlgJ8EgRWJkmBZygOJTUexksVTF0eGktNn4x/bJjhXYUwdd5JxHmXunhUIEvvGRjane7Zg"),
			user(9008, "plainhash", "plainhash-pw"),
			user(9009, "lowrounds", "$pbkdf2-sha512$50$c2FsdDkwMDk$Y2fH43Plh8QBQuG0DpH56wYomLEx.EI.UQ8j3ultm68iq6iBqHsgQ6Lab0GJhZZgLVVGTMaISm6v1B6q.Xm.Ug"),
		},
		AuthAPIKeys: []auth.AuthAPIKey{
			{ID: 501, UserID: 9001, Name: "conf rpcuser", Key: RPCUserKey, Active: true, Groups: []string{"conf"}},
			{ID: 502, UserID: 9002, Name: "conf archived user", Key: ArchivedKey, Active: true},
			{ID: 503, UserID: 9001, Name: "conf inactive key", Key: InactiveKey},
			{ID: 504, UserID: 2, Name: "conf admin", Key: "conf-auth-api-key-admin", Active: true},
		},
	}
	june := func(year int) time.Time { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC) }
	rows.NativeKeys = []auth.NativeKey{
		{ID: 80002, UserID: 9004, Name: Named("conf keyuser global", "5e500001"),
			Hash: "$pbkdf2-sha512$500$a2V5MA$7IQFFMeCZNcnwQDq.0vnIb7wW5nvC7fxdCKmSIJ4A733TMTIECOKZTUnw.F6GHi6SQgc192LZVxpfYqOw/wSiA"},
		{ID: 80003, UserID: 9004, Name: Named("conf keyuser rpc scope", "5e500002"), Scope: "rpc",
			Hash: "$pbkdf2-sha512$500$a2V5MQ$XFGzNjRJ8Jhguo3oNVqnupRJZZb9E.TbfNod0TpM2dxX5s6NX8JQLS6x8KQG8BlP8pxPw0Qke0Pp72/PtflZ1g"},
		{ID: 80004, UserID: 9004, Name: Named("conf keyuser other scope", "5e500003"), Scope: "odoo.plugin.outlook",
			Hash: "$pbkdf2-sha512$500$a2V5Mg$7bVKkz6krdwbsIyvP37J34bOzzko13yofZ3MrL7qLJnoU2EXPGs2JZj9SAS4DcM.1B6pQcHq8vx5Wp7fLo8PPQ"},
		{ID: 80005, UserID: 9004, Name: Named("conf keyuser expired", "5e500004"), Expires: june(2024),
			Hash: "$pbkdf2-sha512$500$a2V5Mw$YIPNtXtarkhv8rov3gCgxrwI2lVvp8hgzTfkp6zRa.UK7ae5wNjqz6THp1ARGpWy4r3S4JNuF5iIES4D2.Y0QQ"},
		{ID: 80006, UserID: 9004, Name: Named("conf keyuser future", "5e500005"), Expires: june(2099),
			Hash: "$pbkdf2-sha512$500$a2V5NA$sstjvg3sEPJUmOUuShjzHOYLZ/axMZSxtzA2dINjM8A8Mx1P30Gh/rqH6R0SwYGQi2.8JLaHLeyZN.OKc3Ty4w"},
		{ID: 80007, UserID: 9002, Name: Named("conf archived", "a1c00001"),
			Hash: "$pbkdf2-sha512$500$a2V5NQ$whjxN2rtiFGC1ohvluTlzneM.GETVHttI1mixD4deDm5kh6eYOlZSvye.ngw.0PjLaerNwixHy62A6.PUWYBRA"},
		{ID: 80008, UserID: 9003, Name: Named("conf totpuser", "70790001"),
			Hash: "$pbkdf2-sha512$500$a2V5Ng$GEO8egEv6jJiAg3z7GuIWIkIwfNwrSeRPP1ZeyJcWEJJzq8i444ZCYd9YACSIoIFF7HgqwSxhqxGmhrW8Jx.uQ"},
	}
	return NewMemory("odoo18", rows, now)
}
