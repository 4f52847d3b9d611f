package agent

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheNearestNameIsNamed(t *testing.T) {
	names := []string{"INFO", "WARN", "ERROR"}
	for given, want := range map[string]string{"WARM": ", did you mean WARN?", "EROR": ", did you mean ERROR?", "x": "", "": ""} {
		if got := didYouMean(given, names); got != want {
			t.Errorf("%q: %q", given, got)
		}
	}
}

func TestEachFaultHasOneLineInTheReadme(t *testing.T) {
	content, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), FaultTable()) {
		t.Error("the table of faults in README.md is not what go-driver -faults prints")
	}
}

func TestNoTokenIsInAText(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	tokens := tokenSource{settings: &Settings{TokenFile: file}}
	for _, token := range []string{"eyJ.first.x", "eyJ.second.y"} {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if read, err := tokens.token(); err != nil || read != token {
			t.Errorf("%q: %v", read, err)
		}
	}
	if got := tokens.redact("eyJ.second.y is not eyJ.first.x"); got != "(token) is not (token)" {
		t.Error(got)
	}
}

func TestWhatHasNoTokenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	tokens := tokenSource{settings: &Settings{TokenFile: file}}
	for range 2 { // missing, then empty
		if token, err := tokens.token(); err == nil || !strings.Contains(err.Error(), "TOGGLE_JWT_FILE") {
			t.Errorf("%q: %v", token, err)
		}
		if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachFlagHasItsLineInTheReadme(t *testing.T) {
	content, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	flags := flag.NewFlagSet("", flag.PanicOnError)
	(&Settings{}).Flags(flags)
	flags.VisitAll(func(one *flag.Flag) {
		_, usage := flag.UnquoteUsage(one)
		row := fmt.Sprintf("| `-%s` | %s | %s |\n", one.Name, one.DefValue, usage)
		if !strings.Contains(string(content), row) {
			t.Errorf("README.md has no line %s", row)
		}
	})
}
