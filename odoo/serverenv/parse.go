package serverenv

import (
	"fmt"
	"maps"
	"os"
	"strings"

	"odoobridge/auth"
	"odoobridge/auth/watch"
)

// Problems are all that is wrong with the files, each with its place. None tells a value.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// readAll reads a file, or the files of a folder in the order of their names, of which the later ones count.
func readAll(source watch.Source) (map[string]auth.Secret, error) {
	files, err := source.Files()
	if err != nil {
		return nil, err
	}
	keys := map[string]auth.Secret{}
	var problems Problems
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, wrong := parse(file, string(text))
		maps.Copy(keys, some)
		problems = append(problems, wrong...)
	}
	if problems != nil {
		return nil, problems
	}
	return keys, nil
}

const sectionPrefix = "api_key_"

// parse reads a file as Python's configparser does, as far as such files go: sections, options with "=" or ":", comments of
// whole lines, "%%" for a percent sign. What that would read in another way than it looks is refused: a value over several
// lines, other uses of "%", a section or an option twice.
func parse(file, text string) (keys map[string]auth.Secret, problems Problems) {
	keys = map[string]auth.Secret{}
	sections, options := map[string]bool{}, map[string]bool{}
	section := ""
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		wrong := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("%s:%d: ", file, i+1)+fmt.Sprintf(format, args...))
		}
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		line = strings.TrimSpace(line)
		name, found := strings.CutPrefix(line, "[")
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case indented && !found:
			wrong("the line is indented, and so a part of the value before it; write each value on one line")
			continue
		case found && !strings.HasSuffix(name, "]"):
			wrong("a section is written [%s...]", sectionPrefix)
			continue
		case found:
			section = strings.TrimSuffix(name, "]")
			if sections[section] {
				wrong("the section [%s] is there twice", section)
			}
			sections[section], options = true, map[string]bool{}
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 {
			wrong("neither a [section] nor an option = value")
			continue
		}
		option, value := strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])
		tech, isKey := strings.CutPrefix(section, sectionPrefix)
		switch {
		case section == "":
			wrong("the option %s stands before any [section]", option)
			continue
		case options[option]:
			wrong("the option %s is in [%s] twice", option, section)
		case !isKey || option != "key":
		case value == "":
			wrong("the key of [%s] is empty; leave the option out for the stored key to count", section)
		case strings.Contains(strings.ReplaceAll(value, "%%", ""), "%"):
			wrong("the key of [%s] has a percent sign in it; write it twice", section)
		default:
			keys[tech] = auth.Secret(strings.ReplaceAll(value, "%%", "%"))
		}
		options[option] = true
	}
	return keys, problems
}
