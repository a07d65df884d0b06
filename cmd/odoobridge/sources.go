package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// readFileOf returns the settings of the YAML file that --config or ODOOBRIDGE_CONFIG names, by flag name; none where no
// file is named.
func readFileOf(fs *pflag.FlagSet, lookupEnv func(string) (string, bool)) (map[string]value, Problems) {
	file := value{fs.Lookup("config").Value.String(), "--config"}
	if env, ok := lookupEnv("ODOOBRIDGE_CONFIG"); ok && !fs.Changed("config") {
		file = value{env, "ODOOBRIDGE_CONFIG"}
	}
	if file.text == "" {
		return nil, nil
	}
	settings, err := readYAML(file.text)
	var problems Problems
	if err != nil && !errors.As(err, &problems) {
		problems = Problems{fmt.Sprintf("%s: %v", file.place, err)}
	}
	return settings, problems
}

// given is what the setting is told: by its flag, else by the environment, else by the YAML file whose settings are
// fromFile, else its default. A problem is told with its place.
func (s setting) given(fs *pflag.FlagSet, lookupEnv func(string) (string, bool), fromFile map[string]value) (value, error) {
	v := value{s.byDefault, "default"}
	if f, ok := fromFile[s.name]; ok {
		v = f
	}
	// Names in the environment that we don't know are not a mistake: Kubernetes sets ODOOBRIDGE_PORT and the like for a
	// service called odoobridge.
	env, ok, err := s.fromEnvironment(lookupEnv)
	if ok {
		v = env
	}
	if fs.Changed(s.name) {
		return value{fs.Lookup(s.name).Value.String(), s.flag()}, nil
	}
	return v, err
}

// fromEnvironment reads ODOOBRIDGE_NAME, or the file that ODOOBRIDGE_NAME_FILE names: so Docker, Kubernetes and systemd
// hand over secrets. A line's end at the end of the file does not count.
func (s setting) fromEnvironment(lookupEnv func(string) (string, bool)) (v value, ok bool, err error) {
	fileVariable := s.env() + "_FILE"
	text, given := lookupEnv(s.env())
	path, inFile := lookupEnv(fileVariable)
	switch {
	case given && inFile:
		return value{text, s.env()}, true, fmt.Errorf("%s: %s is set too; one of them has to go", fileVariable, s.env())
	case given:
		return value{text, s.env()}, true, nil
	case !inFile:
		return value{}, false, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return value{"", fileVariable}, true, fmt.Errorf("%s: %w", fileVariable, err)
	}
	return value{strings.TrimRight(string(content), "\r\n"), fileVariable}, true, nil
}

// effectiveValue is what one setting is told, for commands that need no more than that.
func effectiveValue(s setting, fs *pflag.FlagSet, lookupEnv func(string) (string, bool)) (value, Problems) {
	fromFile, problems := readFileOf(fs, lookupEnv)
	v, err := s.given(fs, lookupEnv, fromFile)
	if err != nil {
		problems = append(problems, err.Error())
	}
	return v, problems
}
