package togglemock

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"example.com/rodent-events/go/togglemock/api"
)

// patience is how long the mock may take for an answer, besides what it was asked to wait.
const patience = 30 * time.Second

// Toggle is what a test holds: a part of a mock that is its own.
type Toggle struct {
	// Address is where its Rodents connect: HOST:PORT, or unix:PATH, a target of gRPC.
	Address string

	// Sub is its organization, which its tokens have.
	Sub string

	// RootCertificate is PEM, and empty where the mock speaks plaintext.
	RootCertificate string

	// Faults go wrong on command.
	Faults *Faults

	t      testing.TB
	api    *api.Client
	server *Server
}

// Start gives a test its part of a mock, which all tests of this process share that ask for the same.
func Start(t testing.TB, given ...Option) *Toggle {
	t.Helper()
	server, err := sharedServer(given)
	if err != nil {
		t.Fatalf("there is no mock Toggle: %v", err)
	}
	return server.Session(t)
}

// Session gives a test its part of this mock. It ends with the test: faults are healed, streams are closed.
func (s *Server) Session(t testing.TB) *Toggle {
	t.Helper()
	asked := api.OpenSession{OwnPort: s.ownPorts()}
	if s.lease > 0 {
		asked.Lease = new(s.lease.Seconds())
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	opened, err := s.api.TokensOpenSession(ctx, asked)
	if err != nil {
		t.Fatalf("there is no session of the mock: %v", s.explained(err))
	}
	toggle := &Toggle{Address: s.targetOf(opened.Address), t: t, api: s.api.In(opened.Session), server: s}
	if opened.Sub != nil {
		toggle.Sub = *opened.Sub
	}
	if s.Info.RootCertificate != nil {
		toggle.RootCertificate = *s.Info.RootCertificate
	}
	toggle.Faults = &Faults{toggle: toggle}
	renewed := s.renewing(opened.Session)
	t.Cleanup(func() {
		renewed()
		toggle.end(opened.Session)
	})
	return toggle
}

func (t *Toggle) end(session string) {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if t.t.Failed() {
		t.t.Log(t.recorded(ctx))
	}
	if _, err := t.server.api.TokensCloseSession(ctx, session); err != nil {
		t.t.Errorf("the session of the mock did not end: %v", err)
	}
}

// renewing keeps a session while it is used, and gives what stops that.
func (s *Server) renewing(session string) func() {
	if s.lease == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(s.lease / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				// One that fails is told by what the test asks next.
				_, _ = s.api.TokensRenewSession(ctx, session)
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// API asks about this part of the mock, and gives errors back.
func (t *Toggle) API() *api.Client { return t.api }

// Claims are what a token says. What is left out is as usual.
type Claims struct {
	// RID is the Rodent's id.
	RID string

	// Sub is another organization than the test's: its events are not the test's to see.
	Sub string

	// NotPrivate is for a Rodent that is in no private network.
	NotPrivate bool

	// ExpiresIn is negative for a token that has expired; 0 is an hour.
	ExpiresIn time.Duration

	// Further ones by name; nil leaves a usual one out.
	Further map[string]any
}

// JWT makes a token that the mock takes.
func (t *Toggle) JWT(claims Claims) string {
	t.t.Helper()
	asked := api.IssueToken{Prv: new(!claims.NotPrivate), Claims: claims.Further}
	if claims.RID != "" {
		asked.RID = &claims.RID
	}
	if claims.Sub != "" {
		asked.Sub = &claims.Sub
	}
	if claims.ExpiresIn != 0 {
		asked.ExpiresIn = new(claims.ExpiresIn.Seconds())
	}
	return must(t, 0, func(ctx context.Context) (api.TokenIssued, error) {
		return t.api.TokensIssue(ctx, asked)
	}).JWT
}

// Revoke refuses the tokens of a Rodent from now on, until the test ends.
func (t *Toggle) Revoke(rid string) {
	t.t.Helper()
	must(t, 0, func(ctx context.Context) (api.Done, error) {
		return t.api.TokensRevoke(ctx, api.RevokeTokens{RID: &rid, Sub: &t.Sub})
	})
}

// TLSConfig is for a client of a mock that speaks TLS: it trusts that mock alone.
func (t *Toggle) TLSConfig() *tls.Config {
	t.t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(t.RootCertificate)) {
		t.t.Fatal(`the mock speaks plaintext: start it with togglemock.WithArgs("--tls")`)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// must gives an answer of the mock, or ends the test with what the mock says.
func must[Answer any](t *Toggle, wait time.Duration, ask func(context.Context) (Answer, error)) Answer {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.t.Context(), wait+patience)
	defer cancel()
	answer, err := ask(ctx)
	if err != nil {
		t.t.Fatal(t.server.explained(err))
	}
	return answer
}

const shownOfEach = 5

// recorded tells a test that has failed what arrived.
func (t *Toggle) recorded(ctx context.Context) string {
	events, err := t.api.EventsFind(ctx, api.EventsFindQuery{Limit: new(shownOfEach)})
	if err != nil {
		return err.Error()
	}
	calls, err := t.api.CallsFind(ctx, api.CallsFindQuery{Limit: new(shownOfEach)})
	if err != nil {
		return err.Error()
	}
	told, err := json.MarshalIndent(map[string]any{"events": events, "calls": calls}, "", "  ")
	if err != nil {
		return err.Error()
	}
	return "the last that the mock has recorded: " + string(told)
}
