package sandbox

import (
	_ "embed"
	"strings"
	"sync"
)

// What the API documentation of 19 and its fields_get tell of methods and fields, and no table of the database holds, is
// data in api19/: text, with a section for each model.

var (
	//go:embed api19/methods.txt
	methodsText string
	//go:embed api19/fields.txt
	fieldsText string
)

// methodFacts19 are the methods of models in the order of the file, those of all models under "*".
var methodFacts19 = sync.OnceValue(func() map[string][]methodFacts {
	all := make(map[string][]methodFacts)
	eachFact(methodsText, func(model string, parts []string) { all[model] = append(all[model], parseMethodFacts(parts)) })
	return all
})

// fieldFacts19 are what is told of fields, by model and field.
var fieldFacts19 = sync.OnceValue(func() map[string]map[string]fieldFacts {
	all := make(map[string]map[string]fieldFacts)
	eachFact(fieldsText, func(model string, parts []string) {
		if all[model] == nil {
			all[model] = make(map[string]fieldFacts)
		}
		all[model][parts[0]] = parseFieldFacts(parts[1:])
	})
	return all
})

// fieldOrder19 are the fields of models in the order of their classes.
var fieldOrder19 = sync.OnceValue(func() map[string][]string {
	all := make(map[string][]string)
	eachFact(fieldsText, func(model string, parts []string) { all[model] = append(all[model], parts[0]) })
	return all
})

// eachFact calls do for each line: the section it is in, and its parts, which " ; " stands between.
func eachFact(text string, do func(section string, parts []string)) {
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		default:
			do(section, strings.Split(line, " ; "))
		}
	}
}
