package agent

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// tokenSource has the token, which may change in its file while the agent runs.
type tokenSource struct {
	settings *Settings
	mutex    sync.Mutex
	seen     []string // all that there ever were, the latest last
}

// token reads the token anew.
func (t *tokenSource) token() (string, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.settings.Faults[KeepsToken] && len(t.seen) > 0 {
		return t.seen[0], nil
	}
	token := t.settings.Token
	if t.settings.TokenFile != "" {
		content, err := os.ReadFile(t.settings.TokenFile)
		if err != nil {
			return "", fmt.Errorf("TOGGLE_JWT_FILE: %w", err)
		}
		if token = strings.TrimSpace(string(content)); token == "" {
			return "", errors.New("TOGGLE_JWT_FILE: the file is empty")
		}
	}
	if !slices.Contains(t.seen, token) {
		t.seen = append(t.seen, token)
	}
	return token, nil
}

// redact takes tokens out of a text.
func (t *tokenSource) redact(text string) string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, token := range t.seen {
		text = strings.ReplaceAll(text, token, "(token)")
	}
	return text
}
