package sandbox

// What search_read hands on of the arguments that it does not know, and how those who take them name themselves in the
// TypeError of one that they do not know either.
var (
	readFormat   = parseSignature("BaseModel._read_format(self, fnames, load='_classic_read')")
	readFormat15 = parseSignature("BaseModel.read(self, fields=None, load='_classic_read')")
)

// classicRead tells whether search_read reads many2one fields with their names. It is an error to pass what reading does
// not take, in 15 only if something was found.
func (e *env) classicRead(args map[string]any, found int) (bool, error) {
	more, _ := args["read_kwargs"].(*dict)
	if more == nil || len(more.keys) == 0 {
		return true, nil
	}
	to := readFormat
	if e.series < 16 {
		if to = readFormat15; found == 0 {
			return true, nil
		}
	}
	bound, err := to.bind([]any{nil, nil}, more)
	return bound["load"] == "_classic_read", err
}
