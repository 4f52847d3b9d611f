package togglemock

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/rodent-events/go/togglemock/api"
)

// fake is a test that may fail: it keeps what it was told.
type fake struct {
	testing.TB
	mutex    sync.Mutex
	said     strings.Builder
	failed   bool
	cleanups []func()
}

func (f *fake) Helper()                  {}
func (f *fake) Context() context.Context { return context.Background() }
func (f *fake) Failed() bool             { return f.failed }
func (f *fake) Cleanup(end func())       { f.cleanups = append(f.cleanups, end) }
func (f *fake) Log(told ...any) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, one := range told {
		if text, isText := one.(string); isText {
			f.said.WriteString(text + "\n")
		} else {
			f.said.WriteString(one.(error).Error() + "\n")
		}
	}
}
func (f *fake) Errorf(format string, told ...any) { f.failed = true; f.Log(format); f.Log(told...) }
func (f *fake) Fatal(told ...any)                 { f.failed = true; f.Log(told...); runtime.Goexit() }
func (f *fake) Fatalf(format string, told ...any) {
	f.failed = true
	f.Log(format)
	f.Log(told...)
	runtime.Goexit()
}

// failing gives what a test says that fails, and fails itself if that one does not.
func failing(t *testing.T, body func(testing.TB)) string {
	t.Helper()
	told := &fake{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			for at := len(told.cleanups) - 1; at >= 0; at-- {
				told.cleanups[at]()
			}
		}()
		body(told)
	}()
	<-ended
	if !told.failed {
		t.Errorf("the test did not fail; it said %q", told.said.String())
	}
	return told.said.String()
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

func TestAMissIsToldInTheWordsOfTheMock(t *testing.T) {
	t.Parallel()
	told := failing(t, func(tb testing.TB) {
		Start(tb).WaitFor("payload:pool", Count(2), Timeout(time.Millisecond))
	})
	contains(t, told, "for 2 events that match, received 0", "nobody has called", "the last that the mock has recorded")
	told = failing(t, func(tb testing.TB) { Start(tb).AssertReceived("payload:pol") })
	contains(t, told, "did you mean pool?")
}

func TestWhatIsAskedWrongIsSaid(t *testing.T) {
	t.Parallel()
	for part, body := range map[string]func(*Toggle){
		"give one of Connect, Register, SendEvents": func(toggle *Toggle) { toggle.WaitForCall("SendEvent") },
		"count is -1":               func(toggle *Toggle) { toggle.AssertReceived("", Count(-1)) },
		"is not connected":          func(toggle *Toggle) { toggle.Rodent("r9").Command("system.status", nil) },
		"the mock speaks plaintext": func(toggle *Toggle) { toggle.TLSConfig() },
		"1 × Register, received 0":  func(toggle *Toggle) { toggle.WaitForCall(MethodRegister, Timeout(0)) },
		"is no status": func(toggle *Toggle) {
			toggle.OnSendEvents().Always(api.OutcomeName("reect"))
		},
	} {
		contains(t, failing(t, func(tb testing.TB) { body(Start(tb)) }), part)
	}
}

func TestEveryFaultIsPutInForceAndHealed(t *testing.T) {
	t.Parallel()
	toggle := Start(t)
	script := toggle.OnSendEvents().Matching("level:ERROR").Of("node-1")
	faults := []*Fault{
		script.Returns(Unavailable, Reject, OK, api.Fail{Fail: string(ResourceExhausted), RetryAfter: new(0.1)}),
		script.Always(Hang),
		script.At(3, LoseAnswer),
		script.Rates(7, map[api.OutcomeName]float64{Unavailable: 0.5}),
		script.MessageLimit(1000),
		toggle.OnConnect().Always(api.Cut{Cut: string(Internal), AfterMessages: 1}),
		toggle.OnRegister().Returns(api.Reject{Reject: "not yet"}),
		toggle.Faults.Outage(),
		toggle.Faults.Refuse(),
		toggle.Faults.HalfOpen(),
		toggle.Faults.Partition(),
		toggle.Faults.Latency(20 * time.Millisecond),
		toggle.Faults.Bandwidth(1000),
		toggle.Faults.Add(api.Latency{Seconds: api.Distribution{Uniform: [2]float64{0.1, 0.2}}}),
		toggle.Faults.Reset(),
	}
	if remaining := faults[0].Remaining(); remaining != 4 {
		t.Errorf("%d of 4 outcomes remain", remaining)
	}
	for _, fault := range faults {
		fault.Heal()
	}
	listed, err := toggle.API().FaultsListed(t.Context())
	if err != nil || len(listed.Faults) != 0 {
		t.Errorf("after all were healed there are %v (%v)", listed.Faults, err)
	}
	toggle.Faults.Outage()
	toggle.Faults.Heal()
	dialed, err := net.DialTimeout("tcp", toggle.Address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	dialed.Close()
}

func TestTestsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	one, other := Start(t), Start(t)
	if one.Sub == other.Sub || one.Address == other.Address {
		t.Errorf("both are %s at %s", one.Sub, one.Address)
	}
	if one.server != other.server {
		t.Error("each has a mock of its own")
	}
	one.Clear()
	one.Revoke("node-1")
	one.AssertOnly("", Count(0))
	if len(one.Calls()) != 0 {
		t.Error("there are calls")
	}
}

func TestAMockWithArgumentsSpeaksTLS(t *testing.T) {
	t.Parallel()
	toggle := Start(t, WithArgs("--tls"))
	if toggle.TLSConfig().RootCAs == nil || !strings.HasPrefix(toggle.RootCertificate, "-----BEGIN CERTIFICATE") {
		t.Errorf("its root certificate is %q", toggle.RootCertificate)
	}
}

func TestAMockThatRunsIsTaken(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "http.sock")
	mine, err := Launch(t.Context(), WithArgs("--http-host", "unix:"+socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(URLVariable, "unix:"+socket)
	t.Run("by its URL", func(t *testing.T) {
		toggle := Start(t)
		if toggle.server == mine || toggle.server.lease != leased {
			t.Error("it was not connected to")
		}
		toggle.AssertNoRefusals()
	})
	if err := mine.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Connect(t.Context(), "unix:"+socket); err == nil {
		t.Error("the mock runs on")
	}
}

func TestASessionIsKeptWhileItIsUsed(t *testing.T) {
	t.Parallel()
	base := Start(t).server
	short := &Server{URL: base.URL, Info: base.Info, api: base.api, lease: 300 * time.Millisecond}
	toggle := short.Session(t)
	toggle.AssertNotReceived("", Within(time.Second))
	other, err := short.api.TokensOpenSession(t.Context(), api.OpenSession{Lease: new(0.1)})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		// Whole listings do not renew it: only what is asked in it does.
		if _, err = short.api.TokensCloseSession(t.Context(), other.Session); api.IsKind(err, "UnknownIdError") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a session without renewal did not end")
		}
	}
	toggle.AssertNoRefusals()
}

func TestWhyThereIsNoMockIsSaid(t *testing.T) {
	t.Parallel()
	silent := filepath.Join(t.TempDir(), "silent")
	if err := os.WriteFile(silent, []byte("#!/bin/sh\necho busy >&2\nexec sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for part, given := range map[string][]Option{
		"pipx install 'rodent-events[serve]'":     {WithBinary("no-such-program")},
		"No such option '--tsl'":                  {WithArgs("--tsl")},
		"is no URL of a mock Toggle":              {WithURL("ftp://x")},
		"does not answer as a mock Toggle":        {WithURL("http://127.0.0.1:1")},
		"was not ready in time: context deadline": {WithBinary(silent), WithStartTimeout(100 * time.Millisecond)},
	} {
		_, err := Launch(t.Context(), given...)
		if err == nil {
			t.Fatalf("there is a mock, though %q", part)
		}
		contains(t, err.Error(), part)
	}
}

func TestOneThatEndsMeanwhileIsToldOf(t *testing.T) {
	t.Parallel()
	server, err := Launch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told := failing(t, func(tb testing.TB) {
		toggle := server.Session(tb)
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		toggle.AssertReceived("")
	})
	contains(t, told, "does not answer as a mock Toggle", "--exit-with-parent has ended")
	if err := server.Close(); err == nil {
		t.Error("it was ended twice")
	}
}

func TestTheMockEndsWithWhoRanIt(t *testing.T) {
	t.Parallel()
	if os.Getenv("BE_KILLED") != "" {
		server, err := Launch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString(server.URL + "\n")
		select {}
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestTheMockEndsWithWhoRanIt$")
	child.Env = append(os.Environ(), "BE_KILLED=yes")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	url := make([]byte, 256)
	read, err := out.Read(url)
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(string(url[:read]))
	if _, err := Connect(t.Context(), address); err != nil {
		t.Error(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := Connect(t.Context(), address); err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the mock runs on")
		}
	}
}

func TestWhoListensEverywhereIsReachedWhereHTTPIs(t *testing.T) {
	for _, one := range []struct {
		url, address, target string
		ownPorts             bool
	}{
		{"http://127.0.0.1:8025", "127.0.0.1:50051", "127.0.0.1:50051", true},
		{"http://toggle:8025", "0.0.0.0:50051", "toggle:50051", false},
		{"http://[::1]:8025", "[::]:50051", "[::1]:50051", false},
		{"unix:/run/http", "0.0.0.0:50051", "127.0.0.1:50051", false},
		{"unix:/run/http", "unix:/run/grpc", "unix:/run/grpc", true},
		{"http://toggle:8025", "10.0.0.7:50051", "10.0.0.7:50051", false},
	} {
		server := &Server{URL: one.url, Info: api.Info{Address: one.address, Relay: true}}
		if target := server.targetOf(one.address); target != one.target || server.ownPorts() != one.ownPorts {
			t.Errorf("%s of %s is %s, own ports: %v", one.address, one.url, target, server.ownPorts())
		}
	}
}

func TestWhatIsNotGivenIsNotSent(t *testing.T) {
	for _, one := range []struct {
		sent     any
		expected string
	}{
		{api.WaitForEvents{}, `{}`},
		{api.WaitForEvents{Query: new(""), Timeout: new(0.0)}, `{"query":"","timeout":0}`},
		{api.IssueToken{Prv: new(false), Claims: map[string]any{"rid": nil}}, `{"prv":false,"claims":{"rid":null}}`},
		{api.SendCommand{Type: "x", RawPayload: []byte{255}}, `{"type":"x","raw_payload":"/w=="}`},
	} {
		sent, err := json.Marshal(one.sent)
		if err != nil || string(sent) != one.expected {
			t.Errorf("%+v is sent as %s (%v)", one.sent, sent, err)
		}
	}
}
